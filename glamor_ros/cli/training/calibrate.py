"""`glamor-ros calibrate`: a network whose confidence is right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import typer
from rich.console import Console
from rich.table import Table

from ...network.weights.checkpoint import load_checkpoint, save_checkpoint
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from ...training.data.face_splits import CHOICE
from ...training.data.open_faces import FERPLUS, HEADS
from ...training.evaluation.calibration import (
    CalibrationError,
    calibrate_network,
    fitted_calibration,
    rare_classes_bias,
)
from ...training.evaluation.card_measurement import prepared_faces
from ...training.evaluation.evaluate import predict_dataset
from ...training.evaluation.metrics import CALIBRATION_BINS, measure
from ...training.evaluation.photographs import predict_photographs
from ...training.evaluation.predictions import Predictions
from ..detector_options import DETECTOR_OPTION, DETECTOR_WEIGHTS_OPTION
from ..progress import progress_bar
from .card_images import DATA_OPTION, detect_heads, face_data, open_crops, require_data


def calibrate(
    weights: Path = typer.Argument(..., help="GLAMOR-Net checkpoint (.safetensors)."),
    output: Path = typer.Option(
        ..., metavar="OUT", help="File for the calibrated checkpoint; may be WEIGHTS."
    ),
    data: list[str] = DATA_OPTION,
    rare_classes: float = typer.Option(
        0.0,
        min=0.0,
        max=1.0,
        metavar="STRENGTH",
        help="How much rare classes are lifted first: 0 not at all, 1 undoes all that the network "
        "knows of how frequent the classes of the first --data are.",
    ),
    again: bool = typer.Option(
        False, "--again", help="Calibrate weights that have been calibrated before."
    ),
    detector: str = DETECTOR_OPTION,
    detector_weights: Optional[Path] = DETECTOR_WEIGHTS_OPTION,
) -> None:
    """Fit one temperature, so that the network is as sure as it is right, and write it in.

    The data must be of FER+'s training archive and of the heads' folder: the part on which choices
    are made is taken (split 'choice'), which the shipped recipes do not train on. Each data set
    counts the same.
    """
    paths = face_data(data)
    require_data(paths)
    checkpoint = load_checkpoint(weights)
    earlier = checkpoint.provenance.get("temperature", 1.0)
    if "temperature" in checkpoint.provenance and not again:
        raise CalibrationError(
            f"{weights} was calibrated before, with the temperature {earlier}; --again calibrates "
            "it once more"
        )
    before: dict[str, Predictions] = {}
    with progress_bar() as stage:
        faces = open_crops(paths, CHOICE)
        heads = detect_heads(paths, CHOICE, detector, detector_weights, stage)
        if faces is not None:
            before[FERPLUS] = predict_dataset(
                checkpoint, prepared_faces(faces, checkpoint), on_progress=stage("faces")
            )
        if heads is not None:
            before[HEADS] = predict_photographs(
                EmotionRecognizer(checkpoint),
                heads.photographs,
                heads.boxes,
                on_progress=stage("heads"),
            )
    first = before[next(iter(paths))]
    bias = rare_classes_bias(first.labels, rare_classes)
    fitted = fitted_calibration(list(before.values()), bias)
    after = {name: fitted.of(one) for name, one in before.items()}
    calibrate_network(checkpoint.network, fitted)
    changes = {name: _change(before[name], after[name]) for name in before}
    made = {
        **checkpoint.provenance,
        "temperature": earlier * fitted.temperature,
        "calibration": {
            "command": "glamor-ros calibrate",
            "split": CHOICE,
            "rare_classes_strength": rare_classes,
            "sets": changes,
        },
    }
    save_checkpoint(replace(checkpoint, provenance=made), output)
    Console().print(_table(changes, fitted.temperature))


def _change(before: Predictions, after: Predictions) -> dict[str, Any]:
    figures = {"before": measure(before), "after": measure(after)}
    return {
        "images": len(before),
        **{
            when: {
                "accuracy": one.accuracy,
                "balanced_accuracy": one.balanced_accuracy,
                "expected_calibration_error": one.calibration_error,
                "negative_log_likelihood": one.negative_log_likelihood,
            }
            for when, one in figures.items()
        },
    }


def _table(changes: dict[str, Any], temperature: float) -> Table:
    table = Table(title=f"temperature {temperature:.4f}")
    table.add_column("data")
    table.add_column("images", justify="right")
    names = {
        "expected_calibration_error": f"ECE ({CALIBRATION_BINS} bins)",
        "negative_log_likelihood": "NLL",
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced",
    }
    for title in names.values():
        table.add_column(title, justify="right")
    for name, change in changes.items():
        cells = [f"{change['before'][key]:.4f} -> {change['after'][key]:.4f}" for key in names]
        table.add_row(name, str(change["images"]), *cells)
    table.caption = "on the images that the temperature was fitted on"
    return table
