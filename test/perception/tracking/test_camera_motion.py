"""The movement of a camera's image, measured on photographs that are moved by known amounts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from glamor_ros.perception.geometry import Box
from glamor_ros.perception.tracking.camera_motion import CameraMotion


def photograph(name: str) -> NDArray[np.uint8]:
    image: NDArray[np.uint8] = np.ascontiguousarray(getattr(data, name)()[..., ::-1])
    return cv2.resize(image, (1600, 1200), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def view(image: NDArray[np.uint8], left: float, top: float, zoom: float = 1.0) -> NDArray[np.uint8]:
    to_view = np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]])
    return cv2.warpAffine(image, to_view, (640, 480)).astype(np.uint8)


@pytest.mark.parametrize(("dx", "dy"), [(3.0, 0.0), (21.3, 0.0), (64.0, 8.0), (-40.0, 25.0)])
def test_a_pan_is_measured_to_a_pixel(dx: float, dy: float) -> None:
    image, motion = photograph("astronaut"), CameraMotion()
    motion.step(view(image, 400, 300), [])
    step = motion.step(view(image, 400 + dx, 300 + dy), [])
    assert step.is_followed
    assert not step.is_cut
    for point in ((0, 0), (320, 240), (639, 479)):
        moved = step.movement.point(*point)
        assert moved == pytest.approx((point[0] - dx, point[1] - dy), abs=1.0)


def test_a_zoom_is_measured() -> None:
    image, motion = photograph("astronaut"), CameraMotion()
    motion.step(view(image, 400, 300), [])
    step = motion.step(view(image, 410, 320, zoom=1.05), [])
    assert step.movement.scale == pytest.approx(1.05, abs=0.005)
    moved = step.movement.point(300, 200)
    assert moved == pytest.approx(((300 - 10) * 1.05, (200 - 20) * 1.05), abs=1.0)


def test_people_who_move_do_not_move_the_camera() -> None:
    scene, head = view(photograph("coffee"), 300, 300), photograph("astronaut")[100:400, 500:800]
    motion = CameraMotion()
    for left in (100, 112):
        frame = scene.copy()
        frame[90:390, left : left + 300] = head
        step = motion.step(frame, [Box(left, 90, left + 300, 390)])
    assert step.movement.point(320, 240) == pytest.approx((320, 240), abs=0.5)


def test_another_scene_is_a_cut_and_the_next_frame_of_it_is_none() -> None:
    motion = CameraMotion()
    frames = [view(photograph(name), 400, 300) for name in ("astronaut", "coffee", "rocket")]
    steps = [motion.step(frame, []) for frame in frames for _ in range(2)]
    assert [step.is_cut for step in steps] == [False, False, True, False, True, False]


def test_an_image_of_another_size_is_a_cut() -> None:
    image, motion = view(photograph("astronaut"), 400, 300), CameraMotion()
    motion.step(image, [])
    assert motion.step(image[:240], []).is_cut


@pytest.mark.parametrize("shape", [(1, 1, 3), (480, 640, 3), (3, 2000, 3)])
def test_images_that_show_nothing_do_no_harm(shape: tuple[int, int, int]) -> None:
    motion, image = CameraMotion(), np.zeros(shape, np.uint8)
    motion.step(image, [])
    step = motion.step(image, [])
    assert not step.is_cut
    assert step.movement.point(5, 7) == (5, 7)
