"""Whether blurred faces can still be found or recognized."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from glamor_ros.media.demo_photographs import two_people
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.face_detector import FaceDetector
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.visualization.face_blur import blur_faces


@pytest.fixture(scope="module")
def photograph() -> NDArray[np.uint8]:
    return cv2.resize(two_people(), (640, 480)).astype(np.uint8)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return build_face_detector("mmod", upsample=0)


def faces_in(detector: FaceDetector, image: NDArray[np.uint8]) -> list[Region]:
    ((*found,),) = detector.detect([Frame(image, 0.0)])
    return [one.box.clipped(image.shape[1], image.shape[0]) for one in found]


def crop(image: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
    return image[region.y : region.y + region.height, region.x : region.x + region.width]


def test_the_detector_finds_no_face_in_a_blurred_picture(
    detector: FaceDetector, photograph: NDArray[np.uint8]
) -> None:
    faces = faces_in(detector, photograph)
    assert len(faces) == 2
    assert faces_in(detector, blur_faces(photograph, faces)) == []
    assert len(faces_in(detector, blur_faces(photograph, faces[:1]))) == 1


def test_fine_structure_is_gone(detector: FaceDetector, photograph: NDArray[np.uint8]) -> None:
    blurred = blur_faces(photograph, faces_in(detector, photograph))
    for face in faces_in(detector, photograph):
        before, after = (
            cv2.cvtColor(crop(image, face), cv2.COLOR_BGR2GRAY) for image in (photograph, blurred)
        )
        # What is finer than a fifth of the face tells features; its brightness remains.
        coarse_px = face.width / 5
        fine = [
            image.astype(np.float32) - cv2.GaussianBlur(image, (0, 0), coarse_px).astype(np.float32)
            for image in (before, after)
        ]
        assert np.std(fine[1]) < 0.35 * np.std(fine[0])
        assert abs(float(before.mean()) - float(after.mean())) < 25


def test_around_the_heads_the_picture_is_as_before(photograph: NDArray[np.uint8]) -> None:
    face = Region(200, 150, 100, 100)
    changed = (blur_faces(photograph, [face]) != photograph).any(axis=2)
    head = Box(200, 150, 300, 250).scaled(1.7).clipped(640, 480)
    outside = np.ones_like(changed)
    outside[head.y : head.y + head.height, head.x : head.x + head.width] = False
    assert not changed[outside].any()
    assert changed[~outside].mean() > 0.9


@pytest.mark.parametrize(
    "face",
    [Region(0, 0, 3, 3), Region(639, 479, 1, 1), Region(600, 440, 40, 40), Region(5, 5, 0, 0)],
)
def test_faces_at_the_edge_and_of_any_size(photograph: NDArray[np.uint8], face: Region) -> None:
    assert blur_faces(photograph, [face]).shape == photograph.shape
