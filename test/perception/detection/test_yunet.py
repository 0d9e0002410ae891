"""OpenCV's YuNet behind the package's interface."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.face_detector import FaceDetector, FaceDetectorError
from glamor_ros.perception.detection.yunet import FILE_NAME, BoxMap, head_turn
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.geometry import Box, intersection_over_union


@pytest.fixture(scope="module")
def onnx(shared_dir: Path) -> Path:
    path = shared_dir / "models" / FILE_NAME
    if not path.is_file():
        pytest.skip(f"YuNet's file is not there: {path}")
    return path


@pytest.fixture(scope="module")
def yunet(onnx: Path) -> FaceDetector:
    return build_face_detector("yunet", weights=onnx)


@pytest.fixture(scope="module")
def frames(images_dir: Path) -> list[Frame]:
    two_people = cv2.imread(str(images_dir / "two_people.png"))
    assert two_people is not None
    astronaut = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    return [Frame(two_people), Frame(astronaut), Frame(np.zeros((50, 70, 3), np.uint8))]


def test_finds_the_faces_that_mmod_finds_in_boxes_like_its(
    yunet: FaceDetector, frames: list[Frame]
) -> None:
    found, expected = yunet.detect(frames), build_face_detector("mmod").detect(frames)
    assert [len(faces) for faces in expected] == [2, 1, 0]
    for ours, theirs in zip(found, expected, strict=True):
        assert [face.score for face in ours] == sorted((f.score for f in ours), reverse=True)
        assert all(0.6 < face.score <= 1 for face in ours)
        assert len(ours) == len(theirs)
        for face in theirs:
            assert max(intersection_over_union(face.box, other.box) for other in ours) > 0.6


def test_small_faces_are_found_where_mmod_finds_none(yunet: FaceDetector) -> None:
    small = cv2.resize(data.astronaut()[:, :, ::-1], (160, 160))
    assert build_face_detector("mmod").detect([Frame(small)]) == [[]]
    ((face,),) = yunet.detect([Frame(small)])
    assert face.box.center == pytest.approx((69, 36), abs=6)


def test_upsampling_keeps_the_place(onnx: Path, yunet: FaceDetector, frames: list[Frame]) -> None:
    ((once,),) = yunet.detect(frames[1:2])
    ((face,),) = build_face_detector("yunet", weights=onnx, upsample=1).detect(frames[1:2])
    assert intersection_over_union(face.box, once.box) > 0.8


def test_scores_and_sizes_limit_what_is_given(onnx: Path, frames: list[Frame]) -> None:
    strict = build_face_detector("yunet", weights=onnx, min_score=0.999)
    assert strict.detect(frames) == [[], [], []]
    large = build_face_detector("yunet", weights=onnx, min_face_size_px=300)
    assert large.detect(frames) == [[], [], []]


def test_boxes_are_mapped_in_their_own_units() -> None:
    box = BoxMap(right=0.1, down=-0.2, width=2.0, height=0.5)(Box(0, 0, 10, 20))
    assert box == Box(-4, 1, 16, 11)


def test_what_cannot_be_used_is_named(
    onnx: Path, yunet: FaceDetector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FaceDetectorError, match=r"absent\.onnx.*'glamor-ros download-weights yu"):
        build_face_detector("yunet", weights=tmp_path / "absent.onnx")
    (tmp_path / "page.onnx").write_text("<html>")
    with pytest.raises(FaceDetectorError, match=r"cannot read .*page\.onnx"):
        build_face_detector("yunet", weights=tmp_path / "page.onnx")
    with pytest.raises(FaceDetectorError, match="uint8"):
        yunet.detect([Frame(np.zeros((40, 40, 3)))])  # type: ignore[arg-type]
    huge = np.broadcast_to(np.zeros(3, np.uint8), (9000, 9000, 3))
    with pytest.raises(FaceDetectorError, match=r"9000x9000 px.*smaller image"):
        yunet.detect([Frame(huge)])
    monkeypatch.delattr(cv2, "FaceDetectorYN")
    with pytest.raises(FaceDetectorError, match=r"OpenCV 4\.8 or newer"):
        build_face_detector("yunet", weights=onnx)


def test_a_head_is_turned_as_far_as_its_nose_lies_beside_its_eyes(
    yunet: FaceDetector, frames: list[Frame]
) -> None:
    ((astronaut,),) = yunet.detect(frames[1:2])
    mirrored = np.ascontiguousarray(frames[1].bgr[:, ::-1])
    ((other_side,),) = yunet.detect([Frame(mirrored)])
    # She looks almost into the camera.
    assert 0 <= astronaut.turn < 0.25
    assert other_side.turn == pytest.approx(astronaut.turn, abs=0.08)
    # Landmarks as YuNet has them: right eye, left eye, nose; the line of the eyes may be tilted.
    assert head_turn(np.array([[0.0, 0], [10, 0], [5, 6]])) == 0
    assert head_turn(np.array([[0.0, 0], [10, 0], [9, 6]])) == pytest.approx(0.4)
    assert head_turn(np.array([[0.0, 0], [0, 10], [-6, 1]])) == pytest.approx(0.4)
    assert head_turn(np.array([[4.0, 4], [4, 4], [9, 6]])) == math.inf
