"""`glamor-ros evaluate`, `compare`, `report` and `compare-attention` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

pytest.importorskip("matplotlib")
pytest.importorskip("statsmodels")

from glamor_ros.cli.training.compare import compare
from glamor_ros.cli.training.compare_attention import NothingToCompareError, compare_attention
from glamor_ros.cli.training.evaluate import evaluate
from glamor_ros.cli.training.report import report
from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.training.evaluation.evaluation_record import load_records
from glamor_ros.training.evaluation.predictions import load_predictions

RUNNER = CliRunner(env={"COLUMNS": "160"})
BOX = Box(40, 30, 100, 110)


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    application.command()(evaluate)
    application.command()(compare)
    application.command()(report)
    application.command("compare-attention")(compare_attention)
    return application


@pytest.fixture
def ncaer_s(tmp_path: Path) -> Path:
    """Two pictures of each class with a face box, one damaged, one without a face."""
    generator = np.random.default_rng(3)
    root = tmp_path / "NCAER-S"
    for emotion in EMOTIONS:
        images, crops = root / "images/test" / emotion, root / "crop/test" / emotion
        images.mkdir(parents=True)
        crops.mkdir(parents=True)
        for number in range(2):
            coarse = generator.integers(0, 256, (6, 8, 3), np.uint8)
            cv2.imwrite(str(images / f"{number}.png"), cv2.resize(coarse, (240, 180)))
            (crops / f"{number}.txt").write_text("40,30,100,110")
    (root / "images/test/Sad/damaged.png").write_bytes(b"no image")
    (root / "crop/test/Sad/damaged.txt").write_text("40,30,100,110")
    (root / "crop/test/Fear/1.txt").write_text("0,0,0,0")
    return root


@pytest.fixture(scope="module")
def other_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "other.safetensors"
    torch.manual_seed(1)
    architecture = Architecture(attention="context_only")
    network = build_glamor_net(architecture)
    save_checkpoint(Checkpoint(network, architecture, InputSpec()), path)
    return path


def test_from_images_to_the_papers_tables(
    app: typer.Typer, ncaer_s: Path, weights: Path, other_weights: Path, tmp_path: Path
) -> None:
    for one in (weights, other_weights):
        run = tmp_path / "runs" / one.stem
        arguments = ["evaluate", str(ncaer_s), "--weights", str(one), "--device", "cpu"]
        arguments += ["--json", str(run / "evaluation.json"), "--figure", str(run / "c.png")]
        arguments += ["--predictions", str(run / f"{one.stem}.npz"), "--cache", str(tmp_path / "c")]
        result = RUNNER.invoke(app, arguments)
        assert result.exit_code == 0, result.output
        assert f"{one.name} on NCAER-S (test)" in result.output
        assert "calibration error (ECE, 15 bins)" in result.output
        assert "1 of 15 images have no face box" in result.output
        assert "1 left out, for example" in result.output
        assert "damaged.png" in result.output
        picture = cv2.imread(str(run / "c.png"))
        assert picture is not None

    predictions = load_predictions(tmp_path / "runs/random/random.npz")
    assert len(predictions) == 14
    assert predictions.names[0] == "images/test/Anger/0.png"
    assert np.bincount(predictions.labels).tolist() == [2] * 7
    image = cv2.imread(str(ncaer_s / predictions.names[0]))
    assert image is not None
    recognizer = EmotionRecognizer(load_checkpoint(weights))
    ((estimate,),) = recognizer.recognize([Scene(Frame(image.astype(np.uint8)), (BOX,))])
    np.testing.assert_allclose(predictions.probabilities[0], estimate.probabilities, atol=1e-3)

    (record,) = load_records(tmp_path / "runs/random/evaluation.json")
    assert (record.dataset.kind, record.dataset.left_out) == ("ncaer_s", 1)
    assert record.accuracy == (predictions.predicted == predictions.labels).mean()

    files = [str(path) for path in sorted((tmp_path / "runs").rglob("*.npz"))]
    result = RUNNER.invoke(app, ["compare", *files, "--json", str(tmp_path / "compare.json")])
    assert result.exit_code == 0, result.output
    assert "14 samples" in result.output
    content = json.loads((tmp_path / "compare.json").read_text())
    pairs = [test["models"] for test in content["stuart_maxwell"]]
    assert pairs == [["other", "labels"], ["other", "random"], ["random", "labels"]]

    result = RUNNER.invoke(app, ["report", str(tmp_path / "runs")])
    assert result.exit_code == 0, result.output
    measured = f"{100 * record.accuracy:.2f}"
    assert f"| GLAMOR-Net (original) | NCAER-S | 46.91 | {measured} |" in result.output
    assert "5 of the 33 results" in result.output
    out = tmp_path / "report.md"
    arguments = ["report", str(tmp_path / "runs"), "--markdown", str(out)]
    result = RUNNER.invoke(app, [*arguments, "--json", str(tmp_path / "report.json")])
    assert "| Fusion Add | NCAER-S | 45.62 | not run |" in out.read_text()
    assert len(json.loads((tmp_path / "report.json").read_text())["rows"]) == 35


def test_a_manifest_with_two_faces_in_one_image(
    app: typer.Typer, ncaer_s: Path, weights: Path, tmp_path: Path
) -> None:
    manifest = ncaer_s / "faces.csv"
    image = "images/test/Happy/0.png"
    manifest.write_text(
        "image,left,top,right,bottom,label\n"
        f"{image},40,30,100,110,Happy\n{image},140,30,200,110,Sad\n"
    )
    out = tmp_path / "p.json"
    arguments = ["evaluate", str(manifest), "--weights", str(weights), "--predictions", str(out)]
    result = RUNNER.invoke(app, [*arguments, "--cache", str(tmp_path / "cache")])
    assert result.exit_code == 0, result.output
    predictions = load_predictions(out)
    assert predictions.names == [image, f"{image}#2"]
    assert predictions.labels.tolist() == [3, 5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--without-face", "guess"], "none of black"),
        (["more", "--figure", "f.png"], "belong to one dataset"),
    ],
)
def test_wrong_options_are_told_before_anything_runs(
    app: typer.Typer, arguments: list[str], message: str
) -> None:
    result = RUNNER.invoke(app, ["evaluate", "dataset", "--weights", "w", *arguments])
    assert result.exit_code == 2
    assert message in result.output


def test_compare_needs_two(app: typer.Typer) -> None:
    result = RUNNER.invoke(app, ["compare", "one.npz"])
    assert result.exit_code == 2
    assert "at least two models" in result.output


def test_compare_attention_draws_a_row_a_face(
    app: typer.Typer, photograph: Path, weights: Path, other_weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "attention.png"
    arguments = ["compare-attention", str(photograph), "--output", str(out)]
    arguments += ["--weights", str(weights), "--weights", str(other_weights)]
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "1 faces, 2 networks" in result.output
    picture = cv2.imread(str(out))
    assert picture is not None
    height, width = picture.shape[:2]
    assert 2.8 < width / height < 4.2  # four columns, one row


def test_compare_attention_without_a_face_or_a_map(weights: Path, tmp_path: Path) -> None:
    black = tmp_path / "black.png"
    cv2.imwrite(str(black), np.zeros((120, 160, 3), np.uint8))
    out = tmp_path / "out.png"
    with pytest.raises(NothingToCompareError, match="no face in any of the images"):
        compare_attention([black], [weights], out, "mmod", None, 0, "cpu")
    face_only = tmp_path / "face_only.safetensors"
    architecture = Architecture(classifier_inputs="face")
    network = build_glamor_net(architecture)
    save_checkpoint(Checkpoint(network, architecture, InputSpec()), face_only)
    with pytest.raises(NothingToCompareError, match="has no attention map"):
        compare_attention([black], [face_only], out, "mmod", None, 0, "cpu")
    assert not out.exists()
