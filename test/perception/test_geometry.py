import pytest

from glamor_ros.perception.geometry import (
    Box,
    Region,
    distance_intersection_over_union,
    intersection_over_union,
)


def test_a_box_has_sides_and_a_centre() -> None:
    box = Box(10, 20, 30, 60)
    assert (box.width, box.height, box.center) == (20, 40, (20, 40))


def test_scaling_keeps_the_centre() -> None:
    assert Box(10, 20, 30, 60).scaled(1.5) == Box(5, 10, 35, 70)
    assert Box(10, 20, 30, 60).scaled(1.0) == Box(10, 20, 30, 60)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(10, 20, 30, 60), Region(10, 20, 20, 40)),
        (Box(-5, -7, 30, 60), Region(0, 0, 30, 60)),
        (Box(600, 400, 700, 500), Region(600, 400, 40, 80)),
        (Box(-100, -100, 1000, 1000), Region(0, 0, 640, 480)),
        (Box(10.4, 20.6, 29.6, 60.4), Region(10, 21, 20, 39)),
    ],
)
def test_clipping_gives_the_whole_pixels_inside_the_image(box: Box, expected: Region) -> None:
    region = box.clipped(640, 480)
    assert region == expected
    assert not region.is_empty


@pytest.mark.parametrize(
    "box",
    [Box(-50, 10, -10, 50), Box(10, 500, 50, 600), Box(640, 0, 700, 50), Box(10.1, 10, 10.3, 50)],
)
def test_a_box_without_a_pixel_in_the_image_is_empty(box: Box) -> None:
    region = box.clipped(640, 480)
    assert region.is_empty
    assert 0 <= region.x <= 640
    assert 0 <= region.y <= 480


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Box(0, 0, 10, 10), 1.0),
        (Box(5, 0, 15, 10), 50 / 150),
        (Box(0, 0, 5, 5), 25 / 100),
        (Box(10, 0, 20, 10), 0.0),
        (Box(40, 40, 50, 50), 0.0),
    ],
)
def test_intersection_over_union(other: Box, expected: float) -> None:
    box = Box(0, 0, 10, 10)
    assert intersection_over_union(box, other) == pytest.approx(expected)
    assert intersection_over_union(other, box) == pytest.approx(expected)


def test_distance_iou_is_one_for_equal_boxes_and_falls_with_the_distance() -> None:
    box = Box(0, 0, 10, 10)
    similarities = [
        distance_intersection_over_union(box, Box(shift, 0, 10 + shift, 10))
        for shift in (0, 5, 10, 20, 1000)
    ]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] == 1.0
    assert similarities[1] == pytest.approx(1 / 3 - 25 / (225 + 100))
    assert similarities[2] == pytest.approx(-100 / (400 + 100))
    assert -1 < similarities[-1] < -0.95
