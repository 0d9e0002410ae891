"""Crop files from a detector: which face, what is kept, what is reported."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from glamor_ros.perception.detection.face_detector import FaceDetection, FaceDetectorError
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.geometry import Box
from glamor_ros.training.data.crop_files import read_crop_file, write_crop_file
from glamor_ros.training.data.face_extraction import REPORT_FILE, extract_faces
from glamor_ros.training.data.samples import DatasetError

from .made_images import break_off, write_image, write_text


class BrightnessDetector:
    """As many faces as the image's top left pixel says; the last has the highest score."""

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        self.calls += 1
        if any(frame.height < 10 for frame in frames):
            raise FaceDetectorError("the image is too small")
        return [
            [FaceDetection(Box(-i, i, 20 + i, 30 + i), 0.1 * i) for i in range(frame.bgr[0, 0, 0])]
            for frame in frames
        ]


def faces(count: int, height: int = 40) -> np.ndarray:
    return np.full((height, 50, 3), count, np.uint8)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    write_image(folder / "train/Happy/none.png", faces(0))
    write_image(folder / "train/Happy/one.png", faces(1))
    write_image(folder / "test/Sad/three.png", faces(3))
    return folder


def test_the_face_with_the_highest_score_is_written(images: Path, tmp_path: Path) -> None:
    crops = tmp_path / "crop"
    seen: list[tuple[int, int]] = []
    report = extract_faces(
        images,
        crops,
        BrightnessDetector(),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert (crops / "train/Happy/none.txt").read_text() == "0,0,0,0"
    assert (crops / "train/Happy/one.txt").read_text() == "0,0,20,30"
    assert (crops / "test/Sad/three.txt").read_text() == "-2,2,22,32"
    assert read_crop_file(crops / "test/Sad/three.txt") == Box(-2, 2, 22, 32)
    assert (report.images, report.kept, report.with_face) == (3, 0, 2)
    assert [path.name for path in report.without_face] == ["none.png"]
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_second_run_keeps_valid_files_and_mends_others(images: Path, tmp_path: Path) -> None:
    crops = tmp_path / "crop"
    extract_faces(images, crops, BrightnessDetector())
    write_text(crops / "train/Happy/one.txt", "0,0,20")
    write_text(crops / "test/Sad/three.txt", "7,7,9,9")
    detector = BrightnessDetector()
    report = extract_faces(images, crops, detector)
    assert detector.calls == 1
    assert (report.kept, len(report.without_face)) == (2, 1)
    assert (crops / "train/Happy/one.txt").read_text() == "0,0,20,30"
    assert (crops / "test/Sad/three.txt").read_text() == "7,7,9,9"
    report = extract_faces(images, crops, detector, overwrite=True)
    assert (detector.calls, report.kept) == (4, 0)
    assert (crops / "test/Sad/three.txt").read_text() == "-2,2,22,32"


class Interrupted(BrightnessDetector):
    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        if self.calls == 1:
            raise KeyboardInterrupt
        return super().detect(frames)


def test_an_interrupted_run_goes_on_where_it_was(images: Path, tmp_path: Path) -> None:
    crops = tmp_path / "crop"
    with pytest.raises(KeyboardInterrupt):
        extract_faces(images, crops, Interrupted())
    assert len(list(crops.rglob("*.txt"))) == 1
    report = extract_faces(images, crops, BrightnessDetector())
    assert report.kept == 1
    assert not list(crops.rglob("*.partial"))
    assert len(list(crops.rglob("*.txt"))) == 3


def test_what_cannot_be_used_is_reported_and_has_no_crop_file(images: Path, tmp_path: Path) -> None:
    break_off(write_image(images / "train/Happy/broken.png"))
    write_image(images / "train/Happy/small.png", faces(1, height=5))
    write_image(images / "train/Happy/one.jpg", faces(3))
    write_text(images / "train/Happy/notes.md", "no image")
    crops = tmp_path / "crop"
    report = extract_faces(images, crops, BrightnessDetector())
    assert report.images == 6
    assert report.with_face == 2
    assert {Path(one.where).name for one in report.unreadable} == {
        "broken.png",
        "small.png",
        "one.png",
    }
    assert "its crop file is that of one.jpg" in str(report.unreadable[1])
    assert not (crops / "train/Happy/broken.txt").exists()
    with (crops / REPORT_FILE).open(newline="") as file:
        rows = {Path(row["image"]).name: row["problem"] for row in csv.DictReader(file)}
    assert len(rows) == 4
    assert rows["none.png"] == "no face"
    assert rows["small.png"] == "the image is too small"


def test_folders_without_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="there is no folder"):
        extract_faces(tmp_path / "absent", tmp_path, BrightnessDetector())
    with pytest.raises(DatasetError, match="no image in"):
        extract_faces(tmp_path, tmp_path, BrightnessDetector())


def test_a_place_that_cannot_be_written_is_fatal(images: Path, tmp_path: Path) -> None:
    in_the_way = write_text(tmp_path / "crop", "a file")
    with pytest.raises(OSError, match="crop"):
        extract_faces(images, in_the_way, BrightnessDetector())


def test_crop_files_hold_whole_pixels(tmp_path: Path) -> None:
    write_crop_file(tmp_path / "a.txt", Box(1.4, -2.6, 30.5, 41))
    assert (tmp_path / "a.txt").read_text() == "1,-3,30,41"
