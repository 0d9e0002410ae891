"""Where heads are, of cameras, faces and depths that are made so that the answer is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from glamor_ros.media.demo_photographs import two_people
from glamor_ros.perception.camera_model import CameraModel, camera_model
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.geometry import Box, Position
from glamor_ros.perception.head_position import (
    FACE_WIDTH_M,
    DepthImage,
    face_depths_m,
    head_position,
    with_positions,
)
from glamor_ros.perception.people import PeopleInView, Person

WIDTH, HEIGHT = 640, 480
K = (600.0, 0.0, 319.5, 0.0, 600.0, 239.5, 0.0, 0.0, 1.0)
PINHOLE = camera_model(K, (), "")
CAMERAS = {
    "pinhole": PINHOLE,
    "plumb_bob": camera_model(K, (-0.28, 0.09, 0.0006, -0.0004, -0.012), "plumb_bob"),
    "rational": camera_model(
        K, (0.42, -2.7, 0.0005, -0.0002, 1.5, 0.3, -2.5, 1.4), "rational_polynomial"
    ),
    "equidistant": camera_model(K, (-0.013, 0.021, -0.018, 0.004), "equidistant"),
}
PLACES = [(0.0, 0.0, 1.0), (-0.6, 0.2, 2.0), (1.2, -0.7, 3.5), (-0.3, -0.25, 0.8), (0.02, 0.4, 5.0)]
# Where the box of a face that is 160 px wide is, in the middle of the image.
MIDDLE = Box(240, 160, 400, 320)


def seen_face(camera: CameraModel, place: tuple[float, float, float], width_m: float) -> Box:
    """The box of a face that is turned towards the camera, as wide as it is high."""
    middle = np.array(place)
    sideways = np.cross([0.0, 1.0, 0.0], middle)
    sideways *= width_m / 2 / np.linalg.norm(sideways)
    (left, _), (_, row), (right, _) = camera.project(
        np.array([middle - sideways, middle, middle + sideways])
    )
    half_height = (right - left) / 2
    # The first pixel's centre is at 0 for the camera, at 0.5 in a box.
    return Box(left + 0.5, row + 0.5 - half_height, right + 0.5, row + 0.5 + half_height)


def person(face: Box, *, is_cut_off: bool = False) -> Person:
    return Person(
        person_id="person_1",
        face=face.clipped(WIDTH, HEIGHT),
        detection=None,
        face_score=1.0,
        tracked_for_s=1.0,
        probabilities=np.full(7, math.nan, np.float32),
        estimate=None,
        evaluated=False,
        whole_face=face if is_cut_off else None,
    )


def coordinates(position: Position | None) -> tuple[float, float, float]:
    assert position is not None
    return position.x, position.y, position.z


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", CAMERAS)
def test_a_face_of_the_assumed_width(name: str, place: tuple[float, float, float]) -> None:
    camera = CAMERAS[name]

    found = head_position(seen_face(camera, place, FACE_WIDTH_M), camera)

    # The middle of the box is not quite the middle of the face where the lens bends.
    assert math.dist(coordinates(found), place) < 0.01 * math.hypot(*place)


@pytest.mark.parametrize("place", PLACES)
def test_the_distance_scales_with_the_width(place: tuple[float, float, float]) -> None:
    box = seen_face(PINHOLE, place, 0.115)

    as_adult = coordinates(head_position(box, PINHOLE))
    as_child = coordinates(head_position(box, PINHOLE, face_width_m=0.115))

    assert np.array(as_adult) == pytest.approx(np.array(place) * 0.135 / 0.115, rel=0.01, abs=0.002)
    assert np.array(as_child) == pytest.approx(np.array(place), rel=0.01, abs=0.002)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", CAMERAS)
def test_a_face_of_known_depth_is_where_it_is(name: str, place: tuple[float, float, float]) -> None:
    camera = CAMERAS[name]
    # Of a face that is much wider than assumed: only the direction of its box counts.
    box = seen_face(camera, place, 0.16)

    found = coordinates(head_position(box, camera, depth_m=place[2]))

    assert found[2] == pytest.approx(place[2])
    assert math.dist(found, place) < 0.02


def test_no_position_where_the_lens_model_has_no_direction() -> None:
    camera = camera_model(K, (-0.5, 0.0, 0.0, 0.0, 0.0), "plumb_bob")

    assert head_position(Box(600, 200, 700, 300), camera) is None
    assert head_position(Box(600, 200, 700, 300), camera, depth_m=1.0) is None
    assert head_position(Box(100, 100, 100, 200), PINHOLE) is None  # no width


def test_the_steps_of_the_detector_s_boxes_stay_within_the_documented_error() -> None:
    photograph = two_people()
    detector = build_face_detector("mmod")
    distances: dict[bool, list[float]] = {True: [], False: []}
    for scale in np.geomspace(1.0, 2.0, 6):
        image = cv2.resize(photograph, None, fx=scale, fy=scale).astype(np.uint8)
        height, width = image.shape[:2]
        camera = camera_model((width, 0, width / 2, 0, width, height / 2, 0, 0, 1), (), "")
        faces = detector.detect([Frame(image, 0.0, "")])[0]
        assert len(faces) == 2
        for face in faces:
            # A camera whose focal length grows with the image: the people stay where they are.
            distance_m = coordinates(head_position(face.box, camera))[2]
            distances[face.box.center[0] < width / 2].append(distance_m)
    for of_one in distances.values():
        error = np.array(of_one) / np.exp(np.log(of_one).mean()) - 1
        assert np.abs(error).max() < 0.15
        assert np.abs(error).mean() > 0.02  # there are steps


def flat(depth_m: float) -> NDArray[np.float32]:
    return np.full((HEIGHT, WIDTH), depth_m, np.float32)


@pytest.mark.parametrize(
    ("dtype", "unit_m"), [(np.uint16, 0.001), (np.float32, 1.0), (np.dtype(">u2"), 0.001)]
)
def test_depth_in_its_unit(dtype: np.dtype, unit_m: float) -> None:
    values = np.full((HEIGHT, WIDTH), 1.234 / unit_m).astype(dtype)

    assert DepthImage(values, unit_m).of_face(MIDDLE, WIDTH, HEIGHT) == pytest.approx(
        1.234, abs=1e-3
    )


def test_a_face_before_a_wall() -> None:
    # An oval face with a nose, hair and wall around it, with the noise of a depth camera.
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    away = np.hypot((columns - 320) / 70, (rows - 240) / 80)
    depth = np.where(away < 1, 1.5 + 0.06 * away**2, 3.0)
    depth += np.random.default_rng(0).normal(0, 0.015, depth.shape)

    found_m = DepthImage(depth.astype(np.float32), 1.0).of_face(MIDDLE, WIDTH, HEIGHT)

    assert found_m == pytest.approx(1.5, abs=0.02)


@pytest.mark.parametrize("hole", [0.0, math.nan, math.inf, -math.inf, -1.0, 0.05, 25.0])
def test_holes_of_every_kind_do_not_count(hole: float) -> None:
    values = flat(2.0)
    values[:, 250:330] = hole  # of the inner part, columns 280 to 359

    assert DepthImage(values, 1.0).of_face(MIDDLE, WIDTH, HEIGHT) == 2.0


@pytest.mark.parametrize("hole", [0.0, math.nan, math.inf])
def test_a_face_that_is_all_but_a_hole_has_no_depth(hole: float) -> None:
    values = flat(hole)
    values[:, 345:] = 2.0  # 15 of 80 columns
    assert math.isnan(DepthImage(values, 1.0).of_face(MIDDLE, WIDTH, HEIGHT))

    values[:, 343:] = 2.0  # 17
    assert DepthImage(values, 1.0).of_face(MIDDLE, WIDTH, HEIGHT) == 2.0


def test_a_hand_before_a_part_of_the_face_moves_nothing() -> None:
    values = flat(2.0)
    values[260:, :] = 0.6  # 20 of 80 rows of the inner part

    assert DepthImage(values, 1.0).of_face(MIDDLE, WIDTH, HEIGHT) == 2.0


def test_depth_in_coarser_and_finer_steps() -> None:
    for scale in (0.25, 0.5, 2.0):
        values = np.full((int(HEIGHT * scale), int(WIDTH * scale)), 4.0, np.float32)
        values[int(200 * scale) : int(280 * scale), int(280 * scale) : int(360 * scale)] = 2.0
        depth = DepthImage(values, 1.0)

        assert depth.fits(WIDTH, HEIGHT)
        assert depth.of_face(MIDDLE, WIDTH, HEIGHT) == 2.0


@pytest.mark.parametrize(("height", "width"), [(480, 848), (640, 480), (400, 640)])
def test_depth_of_another_shape_does_not_fit(height: int, width: int) -> None:
    assert not DepthImage(np.zeros((height, width), np.uint16), 0.001).fits(WIDTH, HEIGHT)


@pytest.mark.parametrize(
    "face",
    [Box(-200, 100, -100, 200), Box(700, 100, 800, 200), Box(300, 200, 301, 201)],
)
def test_faces_beside_the_image_and_of_a_pixel_have_no_depth(face: Box) -> None:
    assert math.isnan(DepthImage(flat(2.0), 1.0).of_face(face, WIDTH, HEIGHT))


def test_everybody_gets_a_place_by_depth_or_else_by_width() -> None:
    values = np.zeros((HEIGHT, WIDTH), np.uint16)
    values[:, :320] = 1700
    left, right = (-0.4, 0.0, 1.7), (0.4, 0.0, 1.7)
    view = PeopleInView(
        WIDTH,
        HEIGHT,
        tuple(person(seen_face(PINHOLE, place, FACE_WIDTH_M * 0.9)) for place in (left, right)),
    )

    depths_m = face_depths_m(view, DepthImage(values, 0.001))
    measured, estimated = with_positions(view, PINHOLE, depths_m).people
    without = with_positions(view, PINHOLE)

    assert depths_m[0] == pytest.approx(1.7)
    assert math.isnan(depths_m[1])
    assert coordinates(measured.position) == pytest.approx(left, abs=0.01)
    # Whole pixels: a face of 43 px is known to about a pixel.
    assert coordinates(estimated.position)[2] == pytest.approx(1.7 / 0.9, rel=0.03)
    assert [p.position for p in without.people][1] == estimated.position
    assert coordinates(without.people[0].position)[2] == pytest.approx(1.7 / 0.9, rel=0.03)
    assert replace(measured, position=None) == view.people[0]


def test_a_face_that_the_image_cuts_off_counts_as_a_whole() -> None:
    place = (-0.52, 0.0, 1.0)
    face = seen_face(PINHOLE, place, FACE_WIDTH_M)
    assert face.left < 0 < face.center[0]
    view = PeopleInView(WIDTH, HEIGHT, (person(face, is_cut_off=True),))

    def places(depths_m: Sequence[float] | None) -> tuple[float, float, float]:
        return coordinates(with_positions(view, PINHOLE, depths_m).people[0].position)

    assert math.dist(places(None), place) < 0.01
    assert math.dist(places(face_depths_m(view, DepthImage(flat(1.0), 1.0))), place) < 0.01


def test_nobody_is_nowhere() -> None:
    view = PeopleInView(WIDTH, HEIGHT, ())

    assert with_positions(view, PINHOLE, face_depths_m(view, DepthImage(flat(1.0), 1.0))) == view
