"""Preparing labelled images for `train` and `evaluate`, and telling what is left out."""

from __future__ import annotations

from pathlib import Path

import typer

from ...resources import cache_directory
from ...training.data.open_dataset import OpenedDataset
from ...training.prepared.sample_cache import SampleCache
from ...training.prepared.sample_preparation import SamplePreparation
from ..progress import progress_bar


def default_cache_directory() -> Path:
    """The folder of prepared samples in the user's cache."""
    return cache_directory() / "samples"


def prepare_samples(
    opened: OpenedDataset, preparation: SamplePreparation, directory: Path
) -> SampleCache:
    """The cache of the dataset's samples, made with a progress bar.

    Args:
        opened: The dataset.
        preparation: How its samples are prepared.
        directory: The folder of all caches.

    Raises:
        CacheError: No sample can be prepared, or the disk is too small.
    """
    with progress_bar() as stage:
        return SampleCache.build(
            opened.contents.samples, preparation, directory, on_progress=stage("preparing images")
        )


def report_left_out(opened: OpenedDataset, left_out: list[str]) -> None:
    """Say how many images have no face box and how many are left out.

    Args:
        opened: The dataset.
        left_out: What was left out, of which the first is named.
    """
    if opened.contents.without_box:
        typer.echo(
            f"{opened.contents.without_box} of {len(opened.contents)} images have no face box; "
            "'glamor-ros extract-faces' finds them",
            err=True,
        )
    if left_out:
        typer.echo(f"{len(left_out)} left out, for example {left_out[0]}", err=True)
