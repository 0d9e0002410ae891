"""dlib's own detectors behind the package's interface."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.face_detector import FaceDetection, FaceDetectorError
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.geometry import Box


@pytest.fixture
def portrait(images_dir: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(images_dir / "portrait.png"))
    assert image is not None
    return cv2.resize(image, (240, 300), interpolation=cv2.INTER_LINEAR)


@pytest.fixture
def dat(golden_dir: Path) -> Path:
    return golden_dir / "mmod_human_face_detector.dat"


def test_cnn_gives_the_stored_detection(portrait: NDArray[np.uint8], dat: Path) -> None:
    pytest.importorskip("dlib")
    faces = build_face_detector("dlib_cnn", weights=dat, upsample=1).detect([Frame(portrait)])[0]
    assert faces == [FaceDetection(Box(92, 35, 160, 103), faces[0].score)]
    assert faces[0].score == pytest.approx(1.1253037, abs=1e-5)
    assert (
        build_face_detector("dlib_cnn", weights=dat, min_score=1.2).detect([Frame(portrait)])[0]
        == []
    )


def test_hog_finds_the_face_in_colour_order_and_views(portrait: NDArray[np.uint8]) -> None:
    dlib = pytest.importorskip("dlib")
    faces = build_face_detector("dlib_hog", upsample=1).detect([Frame(portrait)])[0]
    rgb = cv2.cvtColor(portrait, cv2.COLOR_BGR2RGB)
    expected_boxes, expected_scores, _ = dlib.get_frontal_face_detector().run(rgb, 1, 0.0)
    assert len(faces) == len(expected_boxes) == 1
    box = expected_boxes[0]
    assert faces[0] == FaceDetection(
        Box(box.left(), box.top(), box.right(), box.bottom()), expected_scores[0]
    )
    mirrored = build_face_detector("dlib_hog", upsample=1).detect([Frame(portrait[:, ::-1])])[0]
    assert len(mirrored) == 1
    assert mirrored[0].box.left == pytest.approx(239 - faces[0].box.right, abs=12)
    limit = faces[0].score
    assert (
        build_face_detector("dlib_hog", upsample=1, min_score=limit).detect([Frame(portrait)])[0]
        == []
    )


def test_unusable_images_are_named(dat: Path) -> None:
    pytest.importorskip("dlib")
    detectors = [build_face_detector("dlib_cnn", weights=dat), build_face_detector("dlib_hog")]
    for detector in detectors:
        with pytest.raises(FaceDetectorError, match="uint8"):
            detector.detect([Frame(np.zeros((40, 40, 3)))])  # type: ignore[arg-type]
        with pytest.raises(FaceDetectorError, match=r"\(height, width, 3\)"):
            detector.detect([Frame(np.zeros((40, 40), np.uint8))])
        with pytest.raises(FaceDetectorError, match="0x40 px"):
            detector.detect([Frame(np.zeros((40, 0, 3), np.uint8))])
    with pytest.raises(FaceDetectorError, match="at least 10 px"):
        detectors[0].detect([Frame(np.zeros((40, 9, 3), np.uint8))])


def test_unusable_network_files_are_named(tmp_path: Path) -> None:
    pytest.importorskip("dlib")
    with pytest.raises(FaceDetectorError, match=r"'dlib_cnn' needs its network file.*weights"):
        build_face_detector("dlib_cnn")
    with pytest.raises(FaceDetectorError, match=r"no file .*absent\.dat.*dlib-models"):
        build_face_detector("dlib_cnn", weights=tmp_path / "absent.dat")
    with pytest.raises(FaceDetectorError, match="no file"):
        build_face_detector("dlib_cnn", weights=tmp_path)
    foreign = tmp_path / "foreign.dat"
    foreign.write_text("not a network")
    with pytest.raises(FaceDetectorError, match=r"dlib cannot read .*foreign\.dat"):
        build_face_detector("dlib_cnn", weights=foreign)


@pytest.mark.parametrize("name", ["dlib_cnn", "dlib_hog"])
def test_missing_dlib_is_explained(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(FaceDetectorError, match=rf"'{name}' needs.*dlib-bin.*'mmod'"):
        build_face_detector(name, weights=tmp_path / "network.dat")
