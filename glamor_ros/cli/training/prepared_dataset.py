"""What the commands that read labelled images have in common."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from ...training.data.open_dataset import OpenedDataset
from ...training.prepared.sample_cache import SampleCache
from ...training.prepared.sample_preparation import SamplePreparation
from ..progress import progress_bar


def default_cache_directory() -> Path:
    """Of prepared samples, below the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "glamor_ros" / "samples"


def prepare_samples(
    opened: OpenedDataset, preparation: SamplePreparation, directory: Path
) -> SampleCache:
    """The cache of the dataset's samples, with a progress bar."""
    with progress_bar() as stage:
        return SampleCache.build(
            opened.contents.samples, preparation, directory, on_progress=stage("preparing images")
        )


def report_left_out(opened: OpenedDataset, left_out: list[str]) -> None:
    """Images without a face box, and the first of those left out."""
    if opened.contents.without_box:
        typer.echo(
            f"{opened.contents.without_box} of {len(opened.contents)} images have no face box; "
            "'glamor-ros extract-faces' finds them",
            err=True,
        )
    if left_out:
        typer.echo(f"{len(left_out)} left out, for example {left_out[0]}", err=True)
