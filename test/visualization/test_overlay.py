from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from glamor_ros.perception.geometry import Region
from glamor_ros.visualization.overlay import draw_people, emotion_text, label_layout
from glamor_ros.visualization.palette import emotion_color

from .people import make_person

SIZES = [(8, 8), (24, 16), (64, 48), (100, 400), (640, 480), (1920, 1080), (3840, 2160)]


def faces_at_the_edges(width: int, height: int) -> list[Region]:
    """Corners, edges, the middle, and the whole picture."""
    w, h = max(width // 5, 1), max(height // 5, 1)
    columns, rows = (0, (width - w) // 2, width - w), (0, (height - h) // 2, height - h)
    return [Region(x, y, w, h) for y in rows for x in columns] + [Region(0, 0, width, height)]


def grey(width: int, height: int, value: int = 128) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)


def pixels_of(
    picture: NDArray[np.uint8], color: tuple[int, int, int], region: Region
) -> NDArray[np.bool_]:
    part = picture[region.y : region.y + region.height, region.x : region.x + region.width]
    return np.all(part == color, axis=2)


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("person_id", ["person_1", "person_1234567"])
def test_labels_lie_inside_the_picture(width: int, height: int, person_id: str) -> None:
    for face in faces_at_the_edges(width, height):
        person = make_person(face, person_id=person_id, emotion="Surprise")
        ((label, region),) = label_layout([person], width, height)
        assert region.x >= 0
        assert region.y >= 0
        assert region.x + region.width <= width
        assert region.y + region.height <= height
        # The text is not cut off: its own size is that of the region.
        if min(width, height) >= 48:
            assert (label.width, label.height) == (region.width, region.height)
        picture = draw_people(grey(width, height), [person])
        assert pixels_of(picture, emotion_color("Surprise"), region).any()


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1920, 1080), (3840, 2160)])
def test_labels_name_person_emotion_and_confidence(width: int, height: int) -> None:
    for face in faces_at_the_edges(width, height):
        ((label, _),) = label_layout([make_person(face, emotion="Fear")], width, height)
        assert label.lines == ("person_1  Fear 70%",)


def test_text_grows_with_the_picture() -> None:
    heights = []
    for width, height in [(640, 480), (1280, 960), (2560, 1920)]:
        face = Region(width // 2, height // 2, 50, 50)
        ((label, _),) = label_layout([make_person(face)], width, height)
        heights.append(label.height)
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.15)
    assert heights[2] == pytest.approx(4 * heights[0], rel=0.15)


def test_labels_of_neighbours_do_not_cover_one_another() -> None:
    people = [
        make_person(Region(200 + 70 * i, 200, 60, 60), person_id=f"person_{i}") for i in range(2)
    ]
    first, second = (region for _, region in label_layout(people, 640, 480))
    assert first.y + first.height <= second.y or second.y + second.height <= first.y


@pytest.mark.parametrize("ground", [0, 128, 255])
@pytest.mark.parametrize("emotion", ["Happy", "Sad", "Neutral"])
def test_the_outline_shows_on_dark_and_bright_ground(ground: int, emotion: str) -> None:
    """Along the way across the box's left side there is a step in brightness of at least 100."""
    face = Region(200, 150, 100, 100)
    picture = draw_people(grey(640, 480, ground), [make_person(face, emotion=emotion)])
    across = picture[200, 190:210].astype(int).mean(axis=1)
    assert across.max() - across.min() > 100
    assert pixels_of(picture, emotion_color(emotion), Region(190, 200, 20, 1)).any()


def test_a_person_not_recognized_in_this_image_has_corners_only() -> None:
    face = Region(200, 150, 100, 100)
    side = Region(190, 195, 20, 10)
    for evaluated in (True, False):
        picture = draw_people(grey(640, 480), [make_person(face, evaluated=evaluated)])
        assert (picture[195:205, 190:210] != 128).any() == evaluated
        assert pixels_of(picture, emotion_color("Happy"), side).any() == evaluated
        assert pixels_of(picture, emotion_color("Happy"), Region(199, 170, 5, 4)).any()


def test_away_from_boxes_and_labels_nothing_changes() -> None:
    face = Region(200, 150, 100, 100)
    picture = draw_people(grey(640, 480), [make_person(face)])
    ((_, label),) = label_layout([make_person(face)], 640, 480)
    changed = np.any(picture != 128, axis=2)
    changed[label.y : label.y + label.height, label.x : label.x + label.width] = False
    rows, columns = np.nonzero(changed)
    assert columns.min() >= 195
    assert columns.max() <= 304
    assert rows.min() >= 145
    assert rows.max() <= 254
    assert not changed[160:240, 210:290].any()


def test_the_image_itself_is_not_modified() -> None:
    image = grey(640, 480)
    image.setflags(write=False)
    picture = draw_people(image, [make_person(Region(200, 150, 100, 100))])
    assert (image == 128).all()
    assert picture.shape == image.shape
    assert picture.dtype == np.uint8


def test_nobody_in_view_gives_a_plain_copy() -> None:
    image = grey(640, 480)
    picture = draw_people(image, [])
    np.testing.assert_array_equal(picture, image)
    assert picture is not image


def test_views_that_are_not_contiguous_are_taken() -> None:
    image = np.random.default_rng(0).integers(0, 255, (960, 1280, 3), dtype=np.uint8)
    person = make_person(Region(200, 150, 100, 100))
    for view in (image[::2, ::2], image[100:580, 200:840], image[:480, :640, ::-1]):
        np.testing.assert_array_equal(
            draw_people(view, [person]), draw_people(np.ascontiguousarray(view), [person])
        )


def test_a_person_who_was_never_classified_is_called_unknown() -> None:
    person = replace(
        make_person(Region(200, 150, 100, 100)),
        probabilities=np.full(7, np.nan, np.float32),
        estimate=None,
        evaluated=False,
    )
    assert emotion_text(person) == "Unknown (not read)"
    picture = draw_people(np.zeros((480, 640, 3), np.uint8), [person])
    assert (picture[150, 200:300] == emotion_color("Unknown")).all(axis=1).any()
