"""A card's tables say what was measured, and what people wrote stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.training.evaluation.card_measurement import averaged, set_figures
from glamor_ros.training.evaluation.metrics import measure
from glamor_ros.training.evaluation.model_card import MeasuredCard, ModelCardError, filled_card

from .made_predictions import made_predictions

CARD = """# Weights

By hand.
<!-- begin measured: a/figures -->
old
<!-- end measured -->
Between.
<!-- begin measured: disturbances -->
<!-- end measured -->
"""


def disturbed(change: float) -> dict[str, Any]:
    return {"rows": {"undisturbed": _row(0.5, 0.0), "dark": _row(0.5 + change, change)}}


def _row(accuracy: float, change: float) -> dict[str, Any]:
    return {
        "accuracy": accuracy,
        "interval": [accuracy - 0.1, accuracy + 0.1],
        "change": change,
        "change_interval": [change - 0.01, change + 0.01],
    }


@pytest.fixture
def measured() -> MeasuredCard:
    faces, heads = made_predictions(400, skill=2.0), made_predictions(90, seed=8)
    figures = {
        "sha256": "abc",
        "stored_values": 1234567,
        "input_spec": {"context_faces": "masked", "face_box_scale": 1.3},
        "provenance": {"temperature": 1.25},
        "sets": {
            "ferplus": set_figures(faces, None),
            "heads": set_figures(heads, [index // 3 for index in range(90)]),
        },
        "flip_gain": {"accuracy": 0.004, "interval": [-0.002, 0.01]},
        "disturbed": {"images": 200, **disturbed(-0.2)},
    }
    data = {
        "ferplus": {"images": 400},
        "heads": {"images": 90, "people": 30, "without_face": 4},
    }
    return MeasuredCard("held_out", "mmod", data, {"a": figures})


def test_tables_hold_the_figures(measured: MeasuredCard) -> None:
    blocks = measured.blocks()
    metrics = measure(made_predictions(400, skill=2.0))
    line = blocks["a/figures"].splitlines()[2]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:2] == ["FER+ faces", "400"]
    for cell, value in zip(
        cells[2:],
        [
            metrics.accuracy,
            metrics.balanced_accuracy,
            metrics.calibration_error,
            metrics.negative_log_likelihood,
        ],
        strict=True,
    ):
        assert cell.startswith(f"{value:.3f} (")
    low, high = cells[2].split("(")[1].rstrip(")").split(" to ")
    assert float(low) < metrics.accuracy < float(high)
    assert float(high) - float(low) == pytest.approx(
        2 * 1.96 * np.sqrt(metrics.accuracy * (1 - metrics.accuracy) / 400), rel=0.15
    )
    assert "+0.004 (-0.002 to +0.010)" in blocks["a/figures"]
    assert "1,234,567 values" in blocks["a/file"]
    assert "temperature of 1.250" in blocks["a/file"]
    assert "30 people" in blocks["data"]
    assert "4 further photographs" in blocks["data"]
    assert blocks["disturbances"].splitlines() == [
        "| FER+ faces, 200 of them | a | Change |",
        "| --- | --- | --- |",
        "| undisturbed | 0.500 (0.400 to 0.600) |  |",
        "| dark | 0.300 (0.200 to 0.400) | -0.200 (-0.210 to -0.190) |",
    ]
    classes = blocks["a/classes"].splitlines()[2:]
    for row, name, support, recall in zip(
        classes, EMOTIONS, metrics.support, metrics.recall, strict=True
    ):
        assert row.startswith(f"| {name} | {support} | {recall:.2f} (")
    confusion = blocks["a/confusion"].splitlines()[2].strip("| ").split(" | ")
    assert confusion == ["Anger", *map(str, metrics.confusion[0])]
    assert blocks["a/selective"].splitlines()[2].startswith("| 0.00 | 100.0 % |")
    assert blocks["a/scenes"].startswith("Not measured")
    for block in blocks.values():
        tables = [line for line in block.splitlines() if line.startswith("|")]
        if "confusion" not in block and tables:
            assert len({line.count("|") for line in tables}) == 1


def test_the_split_for_choosing_is_never_told_as_held_out(measured: MeasuredCard) -> None:
    assert "choices were made" not in measured.blocks()["data"]
    chosen = MeasuredCard("choice", "mmod", measured.data, measured.weights)
    assert "read the figures as too good" in chosen.blocks()["data"]


def test_scenes_become_a_table(measured: MeasuredCard) -> None:
    row = {
        "kind": "decided",
        "scenes": 12,
        "attention": 0.5123,
        "even": 0.04,
        "accuracy": 0.75,
        "interval": [0.5, 0.9],
        "accuracy_with_even_attention": 0.5,
        "accuracy_before_grey": 0.25,
    }
    alone = {**row, "kind": "alone", "attention": None, "even": None}
    weights = {"a": {**measured.weights["a"], "scenes": [alone, row]}}
    card = MeasuredCard("held_out", "mmod", measured.data, weights)
    assert card.blocks()["a/scenes"].splitlines()[2:] == [
        "| nobody else is there | 12 | – | – | 0.750 (0.500 to 0.900) | 0.500 | 0.250 |",
        "| the own face says little, another decides | 12 | 0.512 | 0.040 | "
        "0.750 (0.500 to 0.900) | 0.500 | 0.250 |",
    ]


def test_a_card_keeps_what_people_wrote(measured: MeasuredCard) -> None:
    filled = filled_card(CARD, measured)
    assert filled.startswith("# Weights\n\nBy hand.\n<!-- begin measured: a/figures -->\n\n| Meas")
    assert "<!-- end measured -->\nBetween.\n<!-- begin measured: disturbances -->\n" in filled
    assert "old" not in filled
    assert filled_card(filled, measured) == filled


@pytest.mark.parametrize(
    ("card", "problem"),
    [
        ("# no blocks", "no blocks"),
        (CARD.replace("<!-- end measured -->", "", 1), "without an end"),
        (CARD.replace("a/figures", "b/figures"), "block 'b/figures'"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    measured: MeasuredCard, card: str, problem: str
) -> None:
    with pytest.raises(ModelCardError, match=problem):
        filled_card(card, measured)


def test_figures_survive_their_file(measured: MeasuredCard, tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    measured.save(path)
    assert MeasuredCard.load(path).blocks() == measured.blocks()
    content = json.loads(path.read_text())
    assert content["confidence_level"] == 0.95
    (tmp_path / "other.json").write_text('{"format": "x"}')
    with pytest.raises(ModelCardError, match=r"other.json holds no figures.*model-card"):
        MeasuredCard.load(tmp_path / "other.json")
    with pytest.raises(ModelCardError, match=r"missing.json"):
        MeasuredCard.load(tmp_path / "missing.json")


def test_two_predictions_are_averaged_as_logits() -> None:
    first, second = made_predictions(50), made_predictions(50, seed=8)
    mean = (np.log(first.probabilities) + np.log(second.probabilities)) / 2
    expected = np.exp(mean) / np.exp(mean).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(averaged(first, second).probabilities, expected, rtol=1e-5)
