"""The MMOD detector on a GPU against itself on a processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.face_detector import FaceDetection, Search, SearchArea
from glamor_ros.perception.detection.mmod.detector import MmodFaceDetector
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.geometry import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


def mmod(**options: object) -> MmodFaceDetector:
    detector = build_face_detector("mmod", **options)  # type: ignore[arg-type]
    assert isinstance(detector, MmodFaceDetector)
    return detector


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    astronaut = data.astronaut()[:, :, ::-1]
    small = cv2.resize(astronaut, (400, 400))
    return [Frame(astronaut), Frame(astronaut[:, ::-1]), Frame(small)]


def assert_near(
    found: Sequence[FaceDetection],
    expected: Sequence[FaceDetection],
    box_px: float,
    score: float,
) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert abs(one.box.left - other.box.left) <= box_px
        assert abs(one.box.top - other.box.top) <= box_px
        assert one.box.width == other.box.width
        assert one.score == pytest.approx(other.score, abs=score)


@pytest.mark.parametrize("upsample", [0, 1])
def test_detections_equal_the_processors(upsample: int, frames: list[Frame]) -> None:
    expected = mmod(upsample=upsample).detect(frames)
    found = mmod(upsample=upsample, device="cuda").detect(frames)
    assert sum(len(faces) for faces in expected) >= 3
    for ours, theirs in zip(found, expected, strict=True):
        assert_near(ours, theirs, box_px=0, score=1e-4)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_lower_precision_keeps_the_faces(precision: str, frames: list[Frame]) -> None:
    expected = mmod().detect(frames)
    found = mmod(device="cuda", precision=precision).detect(frames)
    tolerance = 1e-2 if precision == "float16" else 5e-2
    for ours, theirs in zip(found, expected, strict=True):
        assert_near(ours, theirs, box_px=8, score=tolerance)


def test_areas_are_searched_as_on_the_processor(frames: list[Frame]) -> None:
    area = SearchArea(Region(180, 80, 70, 70), 79, 114)
    searches = [Search(frames[0], (area,))]
    on_gpu, on_cpu = mmod(device="cuda").search(searches)[0], mmod().search(searches)[0]
    assert len(on_cpu) >= 1
    assert_near(on_gpu, on_cpu, box_px=0, score=1e-4)


def test_memory_stays_constant() -> None:
    detector = mmod(device="cuda")
    image = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    for _ in range(5):
        detector.detect([Frame(image), Frame(image)])
    before = torch.cuda.memory_reserved()
    for _ in range(50):
        detector.detect([Frame(image), Frame(image)])
    assert torch.cuda.memory_reserved() == before
