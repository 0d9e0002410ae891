"""Faces that come from elsewhere, as a detector's."""

from __future__ import annotations

import numpy as np
import pytest

from glamor_ros.perception.detection.face_detector import FaceDetectorError
from glamor_ros.perception.detection.given_faces import GivenFace, GivenFaces
from glamor_ros.perception.detection.yunet import DLIB_BOXES
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.geometry import Box

LEFT = GivenFace("abcde", 0.1, 0.25, 0.35, 0.75, 0.5)
RIGHT = GivenFace("vwxyz", 0.6, 0.25, 0.85, 0.75, 0.9)


def frame(stamp_s: float, camera: str = "", width: int = 640, height: int = 480) -> Frame:
    return Frame(np.zeros((height, width, 3), np.uint8), stamp_s, camera)


def test_the_faces_of_each_frame_in_pixels() -> None:
    faces = GivenFaces()
    faces.put("front", 1.5, [LEFT, RIGHT])
    faces.put("rear", 1.5, [LEFT])

    front, rear, late = faces.detect(
        [frame(1.5, "front"), frame(1.5, "rear", 100, 200), frame(1.6, "front")]
    )

    assert [(d.face_id, d.score) for d in front] == [("vwxyz", 0.9), ("abcde", 0.5)]
    assert front[1].box == Box(64, 120, 224, 360)
    assert [d.box for d in rear] == [Box(10, 50, 35, 150)]
    assert late == []


def test_boxes_are_mapped() -> None:
    faces = GivenFaces(DLIB_BOXES)
    faces.put("", 0.0, [LEFT])

    ((detection,),) = faces.detect([frame(0.0)])

    assert detection.box == DLIB_BOXES(Box(64, 120, 224, 360))
    assert detection.box.height == pytest.approx(0.769 * 240)


def test_an_image_that_is_none_is_refused() -> None:
    with pytest.raises(FaceDetectorError, match="uint8"):
        GivenFaces().detect([Frame(np.zeros((4, 4, 3), np.float32))])
