"""`glamor-ros train`: a network from a recipe and labelled images."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import typer

from ...errors import GlamorError
from ...training.data.caer import SPLITS, split_directory
from ...training.data.open_dataset import OpenedDataset, open_dataset
from ...training.prepared.sample_cache import SampleCache
from ...training.prepared.sample_preparation import SamplePreparation
from ..extras import needs_extra
from .prepared_dataset import default_cache_directory, prepare_samples, report_left_out

if TYPE_CHECKING:
    from ...training.fit.trainer import TrainedNetwork


class TrainOptionError(GlamorError, ValueError):
    """A value of an option that cannot be used."""


def train(
    recipe: str = typer.Argument(
        ...,
        metavar="RECIPE",
        help="A .yaml file, or the name of one in the package's config/training.",
    ),
    data: Path = typer.Option(
        ..., metavar="DATASET", help="Folder of CAER-S or NCAER-S, or a manifest (.csv or .jsonl)."
    ),
    output: Path = typer.Option(..., metavar="DIR", help="Folder of this run."),
    split: str = typer.Option("train", help=f"Split of --data's folder: {', '.join(SPLITS)}."),
    crops: Optional[Path] = typer.Option(
        None, help="The split's crop files.", show_default="DATASET/crop/SPLIT"
    ),
    validation: Optional[Path] = typer.Option(
        None,
        metavar="DATASET",
        help="Dataset that decides which weights are best.",
        show_default="--data's own validation split, where it has one",
    ),
    validation_split: str = typer.Option("validation", help="Split of --validation's folder."),
    validation_crops: Optional[Path] = typer.Option(
        None, help="The validation split's crop files.", show_default="as for --crops"
    ),
    resume: bool = typer.Option(
        False, "--resume", help="Continue the run in DIR, if there is one."
    ),
    encoder_weights: Optional[Path] = typer.Option(
        None,
        metavar="FILE",
        help="Released weights of the encoder, as .safetensors, for recipes with "
        "pretrained_encoders.",
    ),
    accelerator: str = typer.Option("auto", help="auto, cpu, gpu; see Lightning."),
    devices: str = typer.Option("auto", help="Number of devices of this machine, or auto."),
    nodes: int = typer.Option(
        1, min=1, help="Number of machines; DIR must be the same folder on all of them."
    ),
    strategy: str = typer.Option(
        "auto", help="auto, ddp; see Lightning. Several devices share a batch."
    ),
    precision: Optional[str] = typer.Option(
        None, help="32-true, bf16-mixed, 16-mixed.", show_default="the recipe's"
    ),
    workers: int = typer.Option(2, min=0, help="Processes of each device that read images."),
    limit_batches: Optional[int] = typer.Option(
        None, min=1, help="Largest number of batches in an epoch, to try things out."
    ),
    cache: Optional[Path] = typer.Option(
        None,
        metavar="DIR",
        help="Folder that keeps the prepared images.",
        show_default="user's cache",
    ),
) -> None:
    """Train a network as a recipe says: first its branches, then all of it.

    An interrupted run continues with --resume. The weights are DIR/best.safetensors (the most
    accurate in validation) and DIR/last.safetensors; figures of every epoch are below DIR/*/logs as
    CSV, and 'tensorboard --logdir DIR' shows them.
    """
    with needs_extra("training"):
        from ...training.fit.recipe import find_recipe, load_recipe
        from ...training.fit.run_settings import RunSettings
        from ...training.fit.trainer import TrainingData, is_first_process
        from ...training.fit.trainer import train as train_network
        from ...training.fit.training_callbacks import EpochLines
    settings = RunSettings(
        output,
        resume=resume,
        accelerator=accelerator,
        devices="auto" if devices == "auto" else _device_count(devices),
        nodes=nodes,
        strategy=strategy,
        workers=workers,
        encoder_weights=encoder_weights,
        limit_batches=limit_batches,
        progress_bar=sys.stderr.isatty(),
    )
    loaded = load_recipe(find_recipe(recipe))
    if precision is not None:
        loaded = loaded.with_precision(precision)
    # The processes besides the first are as silent as Lightning's own.
    is_first = is_first_process()
    cache_directory = cache or default_cache_directory()
    opened = open_dataset(data, split, crops)
    samples = _prepare(opened, loaded.training_preparation(), cache_directory, is_first)
    source: dict[str, Any] = {"train": _source(opened, samples), "validation": None}
    validation_samples = None
    if validation is None and _has_split(data, validation_split):
        validation = data
    if validation is not None:
        opened = open_dataset(validation, validation_split, validation_crops)
        validation_samples = _prepare(
            opened, loaded.validation_preparation(), cache_directory, is_first
        )
        source["validation"] = _source(opened, validation_samples)
    elif is_first:
        typer.echo("there is no validation data: the last weights are the result", err=True)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    trained = train_network(
        loaded,
        TrainingData(
            samples.dataset(), validation_samples.dataset() if validation_samples else None, source
        ),
        settings,
        lambda stage: [EpochLines(stage, typer.echo)],
    )
    if is_first:
        _say_result(trained)


def _device_count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise TrainOptionError(f"--devices is '{text}', expected a number from 1, or auto")
    return int(text)


def _has_split(path: Path, split: str) -> bool:
    folders = (path / "images", path)
    return any(split_directory(folder, split) is not None for folder in folders)


def _prepare(
    opened: OpenedDataset, preparation: SamplePreparation, directory: Path, is_first: bool
) -> SampleCache:
    samples = prepare_samples(opened, preparation, directory)
    if is_first:
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


def _say_result(trained: TrainedNetwork) -> None:
    typer.echo(f"last weights: {trained.last}")
    if trained.best is not None:
        typer.echo(f"best in validation: {trained.best}")
    typer.echo(
        "measure them on images that took no part: "
        f"glamor-ros evaluate DATASET --weights {trained.best or trained.last}"
    )
