"""`glamor-ros train` as typed: on images, killed and gone on with, and in two processes."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from glamor_ros.cli.main import app
from glamor_ros.network.weights.checkpoint import load_checkpoint

RECIPE = """
model: {classifier_units: 16}
inputs: {face_size: [32, 32], context_resize: [32, 32], context_crop: [24, 24]}
stages:
  branches: &stage
    {epochs: 2, batch_size: 8, learning_rate: 0.02, schedule: {kind: step, at_epochs: [2]}}
  joint:
    <<: *stage
    epochs: EPOCHS
"""
COLOURS = {"Happy": (40, 40, 220), "Sad": (220, 60, 40)}
# The processes of a run talk to one another on this machine alone.
IN_ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NCAER-S's folders, 20 training and 9 validation images; the face's colour is the label."""
    root = tmp_path_factory.mktemp("ncaers")
    rng = np.random.default_rng(0)
    for split, count in (("train", 20), ("val", 9)):
        for index in range(count):
            label = list(COLOURS)[index % 2]
            image = rng.integers(90, 150, (48, 64, 3), dtype=np.uint8)
            image[10:30, 20:40] = COLOURS[label]
            path = root / "images" / split / label / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), image)
            crop = root / "crop" / split / label / f"{index}.txt"
            crop.parent.mkdir(parents=True, exist_ok=True)
            crop.write_text("20,10,40,30")
    return root


def arguments(dataset: Path, directory: Path, *, epochs: int = 2, output: str = "run") -> list[str]:
    recipe = directory / "recipe.yaml"
    recipe.write_text(RECIPE.replace("EPOCHS", str(epochs)))
    options = {
        "data": dataset,
        "output": directory / output,
        "cache": directory / "cache",
        "accelerator": "cpu",
        "workers": 0,
    }
    named = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    return ["train", str(recipe), *named]


def command(typed: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "glamor_ros.cli.main", *typed]


def states(path: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(path).network.state_dict()


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_weights(dataset: Path, tmp_path: Path) -> None:
    typed = arguments(dataset, tmp_path, epochs=10)
    resume = tmp_path / "run/joint/resume.ckpt"
    with subprocess.Popen(command([*typed, "--devices", "1"]), env=IN_ONE_THREAD) as process:
        while not resume.is_file() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "run/last.safetensors").exists()
    for more in (["--resume"], ["--output", str(tmp_path / "whole")]):
        finished = subprocess.run(
            command([*typed, "--devices", "1", *more]),
            env=IN_ONE_THREAD,
            text=True,
            capture_output=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
    for name in ("best.safetensors", "last.safetensors"):
        resumed, whole = states(tmp_path / "run" / name), states(tmp_path / "whole" / name)
        assert all(torch.equal(resumed[key], whole[key]) for key in whole)
    assert "face 2/2: loss" in finished.stdout
    assert f"best in validation: {tmp_path / 'whole/best.safetensors'}" in finished.stdout
    provenance = load_checkpoint(tmp_path / "whole/last.safetensors").provenance
    assert provenance["data"]["source"]["train"]["kind"] == "ncaer_s"
    assert provenance["data"]["train"]["classes"]["Sad"] == 10
    assert provenance["data"]["validation"]["samples"] == 9
    assert provenance["processes"] == 1


@pytest.mark.slow
def test_two_processes_share_a_run(dataset: Path, tmp_path: Path) -> None:
    typed = [*arguments(dataset, tmp_path, epochs=30), "--devices", "2", "--strategy", "ddp"]
    finished = subprocess.run(
        command(typed), env=IN_ONE_THREAD, text=True, capture_output=True, check=False, timeout=300
    )
    assert finished.returncode == 0, finished.stderr
    # One of them speaks, and what it says counts the samples of both.
    assert finished.stdout.count("joint 30/30:") == 1
    with (tmp_path / "run/joint/logs/version_0/metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    (steps,) = {row["step"] for row in rows if row["epoch"] == "29"}
    assert int(steps) == 30 * (20 // 8) - 1
    for row in rows:
        if row["validation/accuracy"]:
            ninths = float(row["validation/accuracy"]) * 9
            assert ninths == pytest.approx(round(ninths), abs=1e-4)
    last = load_checkpoint(tmp_path / "run/last.safetensors")
    assert last.provenance["processes"] == 2
    assert last.provenance["figures"]["validation/accuracy"] == 1.0
    assert all(torch.isfinite(value).all() for value in last.network.state_dict().values())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--devices", "none"], "--devices is 'none', expected a number from 1, or auto"),
        (["--devices", "3"], "a batch_size of 8 cannot be divided among 3 devices"),
        (["--precision", "4-bit"], "'precision' is '4-bit': it should be"),
        (["--strategy", "magic"], "Lightning cannot run this"),
        (["--split", "test"], "there is no split 'test'"),
        (["--encoder-weights", "w.safetensors"], "the recipe does not start from any"),
    ],
)
def test_mistakes_are_told_in_a_line(
    dataset: Path, tmp_path: Path, more: list[str], message: str
) -> None:
    result = CliRunner().invoke(app, [*arguments(dataset, tmp_path), *more])
    assert result.exit_code == 1
    assert "error: " in result.output
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_recipe_that_is_not_there(dataset: Path, tmp_path: Path) -> None:
    typed = ["train", "tabel3", "--data", str(dataset), "--output", str(tmp_path / "run")]
    result = CliRunner().invoke(app, typed)
    assert result.exit_code == 1
    assert "there is no recipe 'tabel3'; give a .yaml file, or one of modern, " in result.output


def test_help_does_not_load_what_only_training_needs() -> None:
    code = (
        "import sys; from glamor_ros.cli.main import app; import glamor_ros.perception; "
        "sys.exit(any(name in sys.modules for name in ('lightning', 'torchmetrics')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
