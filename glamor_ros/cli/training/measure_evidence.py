"""`glamor-ros measure-evidence`: how much a face must show, and what asking for it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import typer

from ...atomic_file import atomic_write
from ...network.weights.checkpoint import load_checkpoint
from ...perception.detection.build import build_face_detector
from ...perception.device import require_device
from ...perception.evidence import EvidenceLimits
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from ...resources import STARTER_WEIGHTS, shipped_weights
from ...training.evidence.measurement import Effect, Level, crossing, effects, levels, read_all
from ...training.evidence.photographs import ferplus_photographs, head_photographs
from ..console import message_console
from ..detector_options import DEVICE_OPTION, report_device
from ..progress import progress_bar

_LIMITS = EvidenceLimits()


def measure_evidence(
    ferplus: Path = typer.Argument(..., metavar="FERPLUS", help="ferplus_train.npz."),
    heads: Path = typer.Argument(..., metavar="HEADS", help="The folder facial_expressions."),
    weights: Optional[Path] = typer.Option(
        None, help="GLAMOR-Net checkpoint (.safetensors).", show_default="shipped"
    ),
    yunet: Optional[Path] = typer.Option(
        None, help="The face detector's weights (.onnx).", show_default="downloaded"
    ),
    faces: int = typer.Option(200, min=1, help="So many of each set at most."),
    floor: float = typer.Option(
        0.6, min=0.0, max=1.0, help="The accuracy below which an emotion is not worth naming."
    ),
    min_size_px: float = typer.Option(_LIMITS.min_size_px, min=0.0),
    min_visible_fraction: float = typer.Option(_LIMITS.min_visible_fraction, min=0.0, max=1.0),
    min_sharpness: float = typer.Option(_LIMITS.min_sharpness, min=0.0),
    max_turn: float = typer.Option(_LIMITS.max_turn, min=0.0),
    min_confidence: float = typer.Option(_LIMITS.min_confidence, min=0.0, max=1.0),
    markdown_out: Optional[Path] = typer.Option(
        None, "--markdown", metavar="OUT", help="File for the tables, in place of stdout."
    ),
    device: str = DEVICE_OPTION,
) -> None:
    """Measure where faces show too little to tell an emotion, and what the limits on that do.

    Faces that neither training nor the model card uses are made smaller, blurred and cut off. The
    limits' defaults are those that the nodes and the other commands have.
    """
    torch_device = require_device(device)
    checkpoint = load_checkpoint(weights or shipped_weights(STARTER_WEIGHTS))
    limits = EvidenceLimits(
        min_size_px, min_visible_fraction, min_sharpness, max_turn, min_confidence
    )
    recognizer = EmotionRecognizer(checkpoint, device=str(torch_device))
    detector = build_face_detector("yunet", weights=yunet)
    report_device(torch_device)
    of_heads, missed = head_photographs(heads, detector, faces)
    message_console().print(f"no face was found in {missed} photographs of heads")
    photographs = [
        *ferplus_photographs(ferplus, checkpoint.input_spec.face_box_scale, faces),
        *of_heads,
    ]
    with progress_bar() as stage:
        readings = read_all(recognizer, photographs, stage("levels of damage"))
    text = evidence_tables(levels(readings, limits), effects(readings, limits), floor)
    if markdown_out is None:
        typer.echo(text, nl=False)
    else:
        atomic_write(markdown_out, text.encode())


def evidence_tables(measured: Sequence[Level], gains: Sequence[Effect], floor: float) -> str:
    """Both tables in Markdown, and where each kind of evidence falls below the floor."""
    lines = [
        "| Damage | Level | Evidence | Faces | Accuracy | Unknown |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one.kind} | {one.name} | {one.value:.2f} | {one.count} | {one.accuracy:.2f} "
        f"| {one.unknown:.0%} |"
        for one in measured
    ]
    lines += ["", f"Accuracy falls below {floor:g} at:", ""]
    for kind, some in _by_kind(measured):
        value = crossing(some, floor)
        lines.append(f"* {kind}: " + ("nowhere" if math.isnan(value) else f"{value:.2f}"))
    lines += [
        "",
        "| Faces | Limits | Known | Accuracy of the known | Accuracy of the unknown |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one.faces} | {one.limits} | {one.coverage:.0%} | {_figure(one.accuracy)} "
        f"| {_figure(one.accuracy_of_unknown)} |"
        for one in gains
    ]
    return "\n".join(lines) + "\n"


def _by_kind(measured: Sequence[Level]) -> list[tuple[str, list[Level]]]:
    """Levels of each kind of damage, the weakest first."""
    kinds: dict[str, list[Level]] = {}
    for one in measured:
        # Cut off at a side and at the bottom are two series.
        series = f"{one.kind}, {one.name.rsplit(' ', 1)[1]}" if one.kind == "cut off" else one.kind
        kinds.setdefault(series, []).append(one)
    return [
        (kind, sorted(some, key=lambda one: one.value, reverse=kind != "turned away"))
        for kind, some in kinds.items()
        if len(some) > 1
    ]


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
