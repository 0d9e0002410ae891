"""The tables of the model card, in Markdown, from what `measure` found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...network.emotions import EMOTIONS


def accuracy_table(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """A line for each set of images; its values are `Metrics.as_dict()`."""
    header = ["Measured on", "Images", "Accuracy", "Balanced accuracy", "ECE", *EMOTIONS]
    return _table(header, [[name, *_figures(measured)] for name, measured in sets.items()])


def disturbance_table(accuracies: Mapping[str, Mapping[str, float]]) -> str:
    """By file and disturbance; a line for each disturbance."""
    names = next(iter(accuracies.values()))
    rows = [[name, *(f"{one[name]:.3f}" for one in accuracies.values())] for name in names]
    return _table(["FER+ validation with", *accuracies], rows)


def _figures(measured: Mapping[str, Any]) -> list[str]:
    whole = ("accuracy", "balanced_accuracy", "expected_calibration_error")
    classes = [measured["classes"][name]["accuracy"] for name in EMOTIONS]
    return [
        str(measured["samples"]),
        *(f"{measured[key]:.3f}" for key in whole),
        *("–" if accuracy is None else f"{accuracy:.2f}" for accuracy in classes),
    ]


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
