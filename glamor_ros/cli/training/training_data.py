"""The samples for `glamor-ros train`: of one dataset, or of a recipe's mixture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from ...errors import GlamorError
from ...training.data.caer import split_directory
from ...training.data.open_dataset import OpenedDataset, open_dataset
from ...training.fit.mixture_data import open_mixture
from ...training.fit.mixture_recipe import DataRecipe
from ...training.fit.recipe import Recipe
from ...training.fit.training_data import TrainingData
from ...training.prepared.sample_cache import SampleCache
from ...training.prepared.sample_preparation import SamplePreparation
from ..progress import progress_bar
from .prepared_dataset import prepare_samples, report_left_out


class DataOptionError(GlamorError, ValueError):
    """Datasets on the command line that are not those of the recipe."""


@dataclass(frozen=True)
class SingleDataset:
    """A dataset on the command line.

    Attributes:
        path: Where it is; None for none.
        split: The split of a folder.
        crops: The split's crop files; None for those in the folder.
    """

    path: Path | None
    split: str
    crops: Path | None


def open_whole_mixture(recipe: Recipe, data: DataRecipe, paths: Mapping[str, Path]) -> TrainingData:
    """The samples of a recipe's mixture.

    Args:
        recipe: How they are prepared.
        data: The recipe's mixture.
        paths: Where its datasets are, by name.

    Raises:
        DataOptionError: There are other ones.
        DatasetError: A dataset cannot be used.
    """
    if set(paths) != set(data.datasets):
        raise DataOptionError(
            f"this recipe trains on {', '.join(data.datasets)}, given are "
            f"{', '.join(paths) or '(none)'}; give each one (--data NAME=PATH), and no other"
        )
    with progress_bar() as stage:
        return open_mixture(recipe, data, paths, stage)


def open_single_dataset(
    recipe: Recipe,
    train: SingleDataset,
    validation: SingleDataset,
    cache_directory: Path,
    *,
    quiet: bool,
) -> TrainingData:
    """The samples of one dataset, and those to validate on.

    Args:
        recipe: How they are prepared.
        train: The dataset to train on.
        validation: The dataset to validate on; without a path, the same split of the first, where
            it has it.
        cache_directory: The folder that keeps prepared images.
        quiet: Whether nothing is said of images left out, or of there being no validation.

    Raises:
        DatasetError: A dataset cannot be used.
    """
    assert train.path is not None
    opened = open_dataset(train.path, train.split, train.crops)
    samples = _prepare(opened, recipe.training_preparation(), cache_directory, quiet)
    source: dict[str, Any] = {"train": _source(opened, samples), "validation": None}
    path = validation.path
    if path is None and _has_split(train.path, validation.split):
        path = train.path
    if path is None:
        if not quiet:
            typer.echo("there is no validation data: the last weights are the result", err=True)
        return TrainingData(samples.dataset(), None, source)
    opened = open_dataset(path, validation.split, validation.crops)
    of_validation = _prepare(opened, recipe.validation_preparation(), cache_directory, quiet)
    source["validation"] = _source(opened, of_validation)
    return TrainingData(samples.dataset(), of_validation.dataset(), source)


def _has_split(path: Path, split: str) -> bool:
    folders = (path / "images", path)
    return any(split_directory(folder, split) is not None for folder in folders)


def _prepare(
    opened: OpenedDataset, preparation: SamplePreparation, directory: Path, quiet: bool
) -> SampleCache:
    samples = prepare_samples(opened, preparation, directory)
    if not quiet:
        left_out = [*opened.contents.skipped, *samples.skipped]
        report_left_out(opened, [str(one) for one in left_out])
    return samples


def _source(opened: OpenedDataset, samples: SampleCache) -> dict[str, Any]:
    """The origin of a dataset, for the provenance; its cache's name changes with all it holds."""
    return {
        "kind": opened.kind,
        "name": opened.root.resolve().name,
        "split": opened.split,
        "without_face_box": opened.contents.without_box,
        "left_out": len(opened.contents.skipped) + len(samples.skipped),
        "fingerprint": samples.directory.name,
    }
