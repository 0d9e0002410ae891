"""`glamor-ros model-card` and `calibrate` as a user types them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from numpy.typing import NDArray
from typer.testing import CliRunner

pytest.importorskip("matplotlib")

from glamor_ros.cli.training.calibrate import calibrate
from glamor_ros.cli.training.model_card import model_card
from glamor_ros.cli.training.named_paths import NamedPathError
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.training.data.ferplus import FERPLUS_NAMES
from glamor_ros.training.evaluation.calibration import CalibrationError
from glamor_ros.training.evaluation.card_data import CardDataError
from glamor_ros.training.evaluation.model_card import ModelCardError

RUNNER = CliRunner(env={"COLUMNS": "160"})
CARD = "Words.\n<!-- begin measured: {name}/figures -->\n<!-- end measured -->\n"


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    application.command("model-card")(model_card)
    application.command()(calibrate)
    return application


@pytest.fixture
def heads(tmp_path: Path, astronaut: NDArray[np.uint8]) -> Path:
    """The astronaut in different light, as forty people; one in five is said to be sad."""
    root, rows = tmp_path / "heads", []
    face = cv2.resize(astronaut[:256, 90:340], (200, 205))
    for person in range(40):
        emotion = "Sad" if person % 5 == 0 else "Happy"
        (root / "images" / emotion).mkdir(parents=True, exist_ok=True)
        name = f"{person}.png"
        lit = np.clip(face * (0.6 + person / 60), 0, 255).astype(np.uint8)
        cv2.imwrite(str(root / "images" / emotion / name), lit)
        rows.append((emotion, name, str(person)))
    with (root / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("emotion", "image", "identity"), *rows])
    return root


@pytest.fixture
def ferplus(tmp_path: Path) -> Path:
    """Thirty faces of noise, held out."""
    root, generator = tmp_path / "ferplus", np.random.default_rng(0)
    root.mkdir()
    votes = np.zeros((30, 7), np.uint8)
    votes[np.arange(30), np.arange(30) % 7] = 10
    np.savez(
        root / "ferplus_valid.npz",
        images=generator.integers(0, 256, (30, 48, 48), np.uint8),
        votes=votes,
        vote_columns=np.array([FERPLUS_NAMES[name] for name in EMOTIONS]),
    )
    return root


def test_from_images_to_a_card(
    app: typer.Typer, weights: Path, heads: Path, ferplus: Path, tmp_path: Path
) -> None:
    card, figures, drawing = (tmp_path / name for name in ("card.md", "measured.json", "c.png"))
    card.write_text(CARD.format(name=weights.stem))
    arguments = ["model-card", str(weights), "--json", str(figures), "--card", str(card)]
    arguments += ["--data", f"heads={heads}", "--data", f"ferplus={ferplus}", "--flip"]
    arguments += ["--figure", str(drawing), "--disturbed-faces", "6"]
    result = RUNNER.invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    measured = json.loads(figures.read_text())
    assert measured["split"] == "held_out"
    assert measured["data"]["ferplus"] == {"images": 30}
    assert measured["data"]["heads"]["images"] == measured["data"]["heads"]["people"] == 12
    of_network = measured["weights"][weights.stem]
    assert set(of_network["sets"]) == {"ferplus", "ferplus_flipped", "heads", "heads_grey"}
    assert of_network["sets"]["ferplus"]["samples"] == 30
    assert of_network["sets"]["heads"]["people"] == 12
    assert of_network["disturbed"]["images"] == 6
    assert len(of_network["disturbed"]["rows"]) > 20
    assert cv2.imread(str(drawing)) is not None
    accuracy = of_network["sets"]["ferplus"]["accuracy"]
    text = card.read_text()
    assert text.startswith("Words.\n")
    assert f"| FER+ faces | 30 | {accuracy:.3f} (" in text
    # From the figures alone the same card is made.
    card.write_text(CARD.format(name=weights.stem))
    again = ["model-card", "--json", str(figures), "--card", str(card)]
    assert RUNNER.invoke(app, again, catch_exceptions=False).exit_code == 0
    assert card.read_text() == text
    printed = RUNNER.invoke(app, again[:3], catch_exceptions=False)
    assert f"## {weights.stem}/confusion" in printed.output


def test_calibration_is_written_into_the_weights_once(
    app: typer.Typer, heads: Path, weights_dir: Path, tmp_path: Path
) -> None:
    shipped = weights_dir / "glamor_starter_face.safetensors"
    before = load_checkpoint(shipped)
    out = tmp_path / "calibrated.safetensors"
    arguments = ["calibrate", str(shipped), "--data", f"heads={heads}", "--output", str(out)]
    with pytest.raises(CalibrationError, match=r"calibrated before.*--again"):
        RUNNER.invoke(app, arguments, catch_exceptions=False)
    assert not out.exists()
    result = RUNNER.invoke(app, [*arguments, "--again"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    after = load_checkpoint(out)
    change = after.provenance["calibration"]["sets"]["heads"]
    # One in five is labelled otherwise, and the network is surer of the astronaut's smile.
    temperature = after.provenance["temperature"] / before.provenance["temperature"]
    assert temperature > 1.2
    figures = [change[when]["negative_log_likelihood"] for when in ("before", "after")]
    assert figures[1] < figures[0] - 0.01
    assert change["images"] == 4
    old, new = (list(one.network.classifier.parameters())[-2:] for one in (before, after))
    for before_value, after_value in zip(old, new, strict=True):
        np.testing.assert_allclose(
            after_value.detach().numpy() * temperature, before_value.detach().numpy(), rtol=1e-4
        )
    # What the weights were trained on is still told.
    assert before.provenance["recipe"]["start"] == {
        "face_encoder": "previous",
        "classifier": "previous",
    }
    for key in ("recipe", "data"):
        assert after.provenance[key] == before.provenance[key]
    once_more = ["calibrate", str(out), *arguments[2:-1], str(out), "--again"]
    assert RUNNER.invoke(app, once_more, catch_exceptions=False).exit_code == 0
    assert load_checkpoint(out).provenance["temperature"] == pytest.approx(
        after.provenance["temperature"], rel=0.01
    )


def test_what_cannot_be_measured_is_named(app: typer.Typer, weights: Path, tmp_path: Path) -> None:
    figures = tmp_path / "measured.json"
    plain = ["model-card", str(weights), "--json", str(figures)]
    calibration = ["calibrate", str(weights), "--output", str(figures)]
    for arguments, error, problem in (
        (plain, CardDataError, "give --data ferplus=PATH or --data heads"),
        ([*plain, "--data", "caer=x"], NamedPathError, "'caer=x', expected ferplus=PATH or"),
        ([*plain, "--split", "train"], CardDataError, "'train'"),
        (["model-card", "--json", str(figures)], ModelCardError, "measured.json holds no figures"),
        (
            ["model-card", "--json", str(figures), "--data", "heads=x"],
            ModelCardError,
            "need WEIGHTS",
        ),
        (calibration, CardDataError, "nothing to measure on"),
    ):
        with pytest.raises(error, match=problem):
            RUNNER.invoke(app, arguments, catch_exceptions=False)
    assert not figures.exists()
