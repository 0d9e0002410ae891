"""`glamor-ros extract-faces` and `glamor-ros build-ncaers` as a user types them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from glamor_ros.cli.training.build_ncaers import build_ncaers
from glamor_ros.cli.training.extract_faces import extract_faces
from glamor_ros.media.pictures import read_picture
from glamor_ros.perception.detection.face_detector import FaceDetectorError
from glamor_ros.training.data.caer import read_caer
from glamor_ros.training.data.samples import SettingsError


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    application.command()(extract_faces)
    application.command()(build_ncaers)
    return application


def test_extract_faces_finds_the_astronaut(
    app: typer.Typer, images_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "images/train/Happy"
    folder.mkdir(parents=True)
    astronaut = read_picture(images_dir / "astronaut.png")
    assert cv2.imwrite(str(folder / "0001.png"), astronaut[:256, 100:356])
    assert cv2.imwrite(str(folder / "0002.png"), np.zeros((100, 100, 3), np.uint8))
    (folder / "0003.png").write_text("no image")
    command = ["extract-faces", str(tmp_path / "images"), str(tmp_path / "crop"), "--upsample", "0"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "3 images: 1 with a face, 1 without, 1 that cannot be used; 0 were done" in result.output
    assert f"no face: {folder / '0002.png'}" in result.output
    assert f"cannot be used: {folder / '0003.png'}: is damaged" in result.output
    assert "extract_faces_report.csv" in result.output
    found = read_caer(tmp_path, "train")
    assert len(found) == 2
    box = found.samples[0].box
    assert box is not None
    x, y = box.center
    # The face in astronaut.png is at (224, 114), about 90 px wide.
    assert abs(x - 124) < 15
    assert abs(y - 114) < 25
    assert 60 < box.width < 130
    again = CliRunner().invoke(app, command)
    assert "2 were done before" in again.output


def test_unknown_detectors_are_refused(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["extract-faces", str(tmp_path), "out", "--detector", "haar"])
    assert isinstance(result.exception, FaceDetectorError)
    assert not (tmp_path / "out").exists()


def test_build_ncaers_says_what_it_made(app: typer.Typer, tmp_path: Path) -> None:
    for name in ("train/Happy/0001.avi", "test/Fear/0001.avi"):
        path = tmp_path / "caer" / name
        path.parent.mkdir(parents=True)
        fourcc = cv2.VideoWriter.fourcc(*"MJPG")
        writer = cv2.VideoWriter(str(path), fourcc, 10.0, (32, 32))
        for value in range(40):
            writer.write(np.full((32, 32, 3), value * (2 if "Happy" in name else 3), np.uint8))
        writer.release()
    (tmp_path / "caer/train/Happy/0002.avi").write_text("no video")
    out = tmp_path / "out"
    command = ["build-ncaers", str(tmp_path / "caer"), str(out), "--seed", "3", "--workers", "1"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "4 images, 0 of them were there before" in result.output
    assert "train: 2 (Anger 0, Disgust 0, Fear 0, Happy 2" in result.output
    assert "1 files or frames left out" in result.output
    assert len(list(out.glob("images/*/*/*.png"))) == 4
    again = CliRunner().invoke(app, command)
    assert "4 images, 4 of them were there before" in again.output
    fewer = CliRunner().invoke(app, [*command[:2], str(tmp_path / "fewer"), "--per-class", "1"])
    assert "train: 1 (" in fewer.output


def test_settings_that_make_no_sense_are_named(app: typer.Typer, tmp_path: Path) -> None:
    command = ["build-ncaers", str(tmp_path), str(tmp_path / "out"), "--shortest-part-s", "3"]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, SettingsError)
    assert "part_s is 2.0 and shortest_part_s 3.0" in str(result.exception)
    assert not (tmp_path / "out").exists()
