"""`glamor-ros evaluate`: how good a network is on labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from ...atomic_file import atomic_path
from ...network.emotions import EMOTIONS
from ...network.weights.checkpoint import Checkpoint, load_checkpoint
from ...perception.device import require_device
from ...training.data.caer import SPLITS
from ...training.data.open_dataset import OpenedDataset, open_dataset
from ...training.evaluation.evaluate import BATCH_SIZE, predict_dataset
from ...training.evaluation.evaluation_record import EvaluationRecord, save_records
from ...training.evaluation.metrics import CALIBRATION_BINS, Metrics, measure
from ...training.evaluation.predictions import Predictions, require_suffix, save_predictions
from ...training.prepared.sample_cache import SampleCache
from ...training.prepared.sample_preparation import WITHOUT_FACE, SamplePreparation
from ..detector_options import DEVICE_OPTION, report_device
from ..extras import needs_extra
from ..progress import progress_bar
from .prepared_dataset import default_cache_directory, prepare_samples, report_left_out


def evaluate(
    datasets: list[Path] = typer.Argument(
        ..., metavar="DATASET", help="Folders of CAER-S or NCAER-S, and manifests (.csv or .jsonl)."
    ),
    weights: Path = typer.Option(..., help="GLAMOR-Net checkpoint (.safetensors)."),
    split: str = typer.Option("test", help=f"Split of CAER-S or NCAER-S: {', '.join(SPLITS)}."),
    crops: Optional[Path] = typer.Option(
        None,
        help="The folder of the split's crop files, as extract-faces wrote them.",
        show_default="DATASET/crop/SPLIT",
    ),
    without_face: str = typer.Option(
        WITHOUT_FACE[0], help=f"What to do with an image without a face: {', '.join(WITHOUT_FACE)}."
    ),
    json_out: Optional[Path] = typer.Option(
        None, "--json", metavar="OUT", help="File for all figures, which report reads."
    ),
    figure: Optional[Path] = typer.Option(
        None, metavar="OUT", help="File for a drawing of the confusion matrix (.png, .pdf)."
    ),
    predictions: Optional[Path] = typer.Option(
        None,
        metavar="OUT",
        help="File for each image's probabilities (.npz, .json), which compare reads.",
    ),
    cache: Optional[Path] = typer.Option(
        None,
        metavar="DIR",
        help="Folder that keeps the prepared images.",
        show_default="user's cache",
    ),
    batch_size: int = typer.Option(BATCH_SIZE, min=1),
    device: str = DEVICE_OPTION,
) -> None:
    """Measure accuracy, the figures of each class and calibration on labelled images.

    Images that cannot be used are counted, and the first of them is named.
    """
    if len(datasets) > 1 and (figure or predictions or crops):
        raise typer.BadParameter(
            "--figure, --predictions and --crops belong to one dataset: evaluate them one by one"
        )
    if without_face not in WITHOUT_FACE:
        raise typer.BadParameter(
            f"{without_face!r} is none of {', '.join(WITHOUT_FACE)}", param_hint="--without-face"
        )
    if predictions is not None:
        require_suffix(predictions)
    if figure is not None:
        with needs_extra("training"):
            from ...visualization.plots import confusion_figure, require_figure_suffix, save_figure
        require_figure_suffix(figure)
    checkpoint = load_checkpoint(weights)
    torch_device = require_device(device)
    report_device(torch_device)
    preparation = SamplePreparation(checkpoint.input_spec, without_face=without_face)
    cache_directory = cache or default_cache_directory()
    records = []
    for path in datasets:
        opened = open_dataset(path, split, crops)
        samples = prepare_samples(opened, preparation, cache_directory)
        predicted = _predict(checkpoint, weights, opened, samples, batch_size, str(torch_device))
        metrics = measure(predicted)
        left_out = [*opened.contents.skipped, *samples.skipped]
        Console().print(_table(metrics, f"{weights.name} on {_title(path, opened)}"))
        report_left_out(opened, [str(one) for one in left_out])
        records.append(EvaluationRecord.of(weights, checkpoint, opened, len(left_out), metrics))
        if predictions is not None:
            save_predictions(predicted, predictions)
        if figure is not None:
            with atomic_path(figure) as partial:
                save_figure(confusion_figure(metrics.confusion, _title(path, opened)), partial)
    if json_out is not None:
        save_records(records, json_out)


def _predict(
    checkpoint: Checkpoint,
    weights: Path,
    opened: OpenedDataset,
    samples: SampleCache,
    batch_size: int,
    device: str,
) -> Predictions:
    with progress_bar() as stage:
        predicted = predict_dataset(
            checkpoint,
            samples.dataset(),
            device=device,
            batch_size=batch_size,
            on_progress=stage("evaluating"),
        )
    return Predictions(
        [opened.name_of(name) for name in predicted.names],
        predicted.labels,
        predicted.probabilities,
        {"weights": str(weights), "dataset": str(opened.root), "split": opened.split},
    )


def _title(path: Path, opened: OpenedDataset) -> str:
    return f"{path.name} ({opened.split})" if opened.split else path.name


def _table(metrics: Metrics, title: str) -> Table:
    table = Table(title=title)
    table.add_column("class")
    for name in ("samples", "accuracy", "precision", "F1"):
        table.add_column(name, justify="right")
    columns = (metrics.support, metrics.recall, metrics.precision, metrics.f1)
    for name, support, *shares in zip(EMOTIONS, *columns, strict=True):
        table.add_row(name, str(support), *(_percent(share) for share in shares))
    table.add_section()
    table.add_row("all", str(metrics.count), _percent(metrics.accuracy), "", "")
    table.add_row(
        "mean of classes",
        "",
        _percent(metrics.balanced_accuracy),
        _percent(float(np.nanmean(metrics.precision))),
        _percent(metrics.macro_f1),
    )
    table.caption = (
        f"calibration error (ECE, {CALIBRATION_BINS} bins): {_percent(metrics.calibration_error)}; "
        f"negative log-likelihood: {metrics.negative_log_likelihood:.3f}"
    )
    return table


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.2f} %"
