"""Pixels and directions of cameras whose geometry is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from glamor_ros.perception.camera_model import CalibrationError, CameraModel, camera_model

K = (600.0, 0.0, 320.0, 0.0, 610.0, 240.0, 0.0, 0.0, 1.0)
# Of lenses as they are on robots: a webcam, a depth camera's colour sensor, a fisheye.
PLUMB_BOB = (-0.28, 0.09, 0.0006, -0.0004, -0.012)
RATIONAL = (0.42, -2.7, 0.0005, -0.0002, 1.5, 0.3, -2.5, 1.4)
EQUIDISTANT = (-0.013, 0.021, -0.018, 0.004)
LENSES = [
    ((), ""),
    ((0.0,) * 5, "plumb_bob"),
    (PLUMB_BOB, "plumb_bob"),
    (PLUMB_BOB[:4], "plumb_bob"),
    (RATIONAL, "rational_polynomial"),
    (EQUIDISTANT, "equidistant"),
    (EQUIDISTANT, "fisheye"),
    ((0.0,) * 4, "equidistant"),
]


def corner_to_corner(count: int = 9) -> list[tuple[float, float]]:
    """Points all over an image of 640x480 pixels."""
    return [(x, y) for x in np.linspace(0, 639, count) for y in np.linspace(0, 479, count)]


@pytest.mark.parametrize(("coefficients", "name"), LENSES)
def test_directions_and_pixels_are_each_other_s_inverse(
    coefficients: tuple[float, ...], name: str
) -> None:
    camera = camera_model(K, coefficients, name, size=(640, 480))
    pixels = corner_to_corner()

    directions = camera.directions(pixels)

    assert np.linalg.norm(directions, axis=1) == pytest.approx(1.0)
    assert camera.project(directions * 2.5) == pytest.approx(np.array(pixels), abs=0.02)


def test_a_pinhole_s_directions() -> None:
    camera = camera_model(K, (), "")

    middle, right, below = camera.directions([(320, 240), (920, 240), (320, 850)])

    assert middle == pytest.approx([0, 0, 1])
    assert right == pytest.approx([math.sqrt(0.5), 0, math.sqrt(0.5)])
    assert below == pytest.approx([0, math.sqrt(0.5), math.sqrt(0.5)])


def test_plumb_bob_is_the_polynomial_of_its_definition() -> None:
    x, y = 0.3, -0.2
    k1, k2, p1, p2, k3 = PLUMB_BOB
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    distorted_x = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    distorted_y = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    pixel = (600 * distorted_x + 320, 610 * distorted_y + 240)

    (direction,) = camera_model(K, PLUMB_BOB, "plumb_bob").directions([pixel])

    assert direction / direction[2] == pytest.approx([x, y, 1], abs=1e-5)


def test_the_rational_polynomial_divides() -> None:
    x, y = -0.35, 0.25
    k1, k2, p1, p2, k3, k4, k5, k6 = RATIONAL
    r2 = x * x + y * y
    radial = (1 + k1 * r2 + k2 * r2**2 + k3 * r2**3) / (1 + k4 * r2 + k5 * r2**2 + k6 * r2**3)
    distorted_x = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    distorted_y = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    pixel = (600 * distorted_x + 320, 610 * distorted_y + 240)

    (direction,) = camera_model(K, RATIONAL, "rational_polynomial").directions([pixel])

    assert direction / direction[2] == pytest.approx([x, y, 1], abs=1e-4)


def test_an_equidistant_lens_s_pixels_follow_the_angle() -> None:
    angle = math.radians(70)
    a2 = angle * angle
    k1, k2, k3, k4 = EQUIDISTANT
    distorted_angle = angle * (1 + k1 * a2 + k2 * a2**2 + k3 * a2**3 + k4 * a2**4)

    (direction,) = camera_model(K, EQUIDISTANT, "equidistant").directions(
        [(320 + 600 * distorted_angle, 240)]
    )

    assert math.degrees(math.acos(direction[2])) == pytest.approx(70, abs=0.05)
    assert direction[1] == pytest.approx(0, abs=1e-6)


def test_beyond_what_the_lens_model_describes_there_is_no_direction() -> None:
    # r (1 - 0.5 r^2) never exceeds 0.544, at r = 0.816: 327 px from the middle.
    camera = camera_model(K, (-0.5, 0.0, 0.0, 0.0, 0.0), "plumb_bob")

    near, edge, beyond, far = camera.directions([(620, 240), (640, 240), (660, 240), (1500, 240)])

    assert near[0] / near[2] == pytest.approx(0.6180, abs=1e-3)
    assert edge[0] / edge[2] < 0.816
    assert np.isnan(beyond).all()
    assert np.isnan(far).all()


def test_no_pixel_looks_to_the_other_side_of_the_middle() -> None:
    # Polynomials that fall below zero and rise again: there are solutions on the other side.
    pixels = [(x, y) for x in np.arange(640, 2600, 8.0) for y in (240.0, 400.0)]
    for k1 in np.arange(-0.8, -0.15, 0.05):
        directions = camera_model(K, (k1, 0.03, 0.0, 0.0), "plumb_bob").directions(pixels)

        assert not (directions[:, 0] < 0).any()


def test_a_fisheye_sees_nothing_behind_it() -> None:
    behind = 320 + 600 * math.radians(100)

    (direction,) = camera_model(K, (0.0,) * 4, "equidistant").directions([(behind, 240)])

    assert np.isnan(direction).all()


def test_a_part_of_the_sensor_in_coarser_pixels() -> None:
    whole = camera_model(K, PLUMB_BOB, "plumb_bob", size=(640, 480))
    part = camera_model(
        K, PLUMB_BOB, "plumb_bob", size=(640, 480), binning=(2, 4), roi=(40, 60, 480, 320)
    )

    assert part.image_size == (240, 80)
    assert part.directions([(10, 20)]) == pytest.approx(
        whole.directions([(40 + 10 * 2, 60 + 20 * 4)])
    )


@pytest.mark.parametrize("binning", [(0, 0), (1, 1)])
def test_no_binning_and_no_roi(binning: tuple[int, int]) -> None:
    camera = camera_model(K, (), "", size=(640, 480), binning=binning, roi=(5, 5, 0, 0))

    assert camera.image_size == (640, 480)
    assert camera.matrix.ravel() == pytest.approx(K)


def test_the_size_is_told_apart() -> None:
    camera = camera_model(K, (), "", size=(1280, 720), binning=(2, 2))

    camera.require_size(640, 360)
    with pytest.raises(CalibrationError, match="for images of 640x360, the images have 640x480"):
        camera.require_size(640, 480)
    camera_model(K, (), "").require_size(1, 1)  # not told


def test_coefficients_that_are_zero_do_not_count() -> None:
    long = camera_model(K, (*PLUMB_BOB, 0.0, 0.0, 0.0), "plumb_bob")
    fisheye = camera_model(K, (*EQUIDISTANT, 0.0), "equidistant")

    assert isinstance(long, CameraModel)
    assert list(long.distortion) == list(PLUMB_BOB)
    assert list(fisheye.distortion) == list(EQUIDISTANT)
    # Where there is no distortion its model does not matter.
    assert not camera_model(K, (0.0,) * 5, "unheard of").distortion.any()


@pytest.mark.parametrize(
    ("matrix", "coefficients", "name", "words"),
    [
        ((0.0,) * 9, (), "", "K is all zero, which means that the camera is not calibrated"),
        ((-600.0, *K[1:]), (), "", "fx is -600 and fy 610"),
        ((0.0, *K[1:]), (), "", "fx is 0 and fy 610"),
        ((math.nan, *K[1:]), (), "", "fx is nan"),
        ((*K[:2], math.inf, *K[3:]), (), "", "all numbers finite"),
        (K, PLUMB_BOB, "kannala", "the distortion model 'kannala' is not known; known are"),
        (K, PLUMB_BOB, "", "the distortion model '' is not known"),
        (K, (math.nan,) * 5, "plumb_bob", "D has coefficients that are not finite"),
        (K, (0.1,) * 15, "rational_polynomial", "D has 15 coefficients.*has 14 at most"),
        (K, (0.1,) * 5, "equidistant", "D has 5 coefficients.*has 4"),
        (K, (), "equidistant", "D has 0 coefficients"),
    ],
)
def test_calibrations_that_cannot_be_used(
    matrix: tuple[float, ...], coefficients: tuple[float, ...], name: str, words: str
) -> None:
    with pytest.raises(CalibrationError, match=words):
        camera_model(matrix, coefficients, name)
