from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from glamor_ros.perception.geometry import Region
from glamor_ros.perception.people import AttentionMap
from glamor_ros.visualization.attention import attention_heat, attention_panel, draw_attention

from .people import focus_on, make_person

# Where the map lies in a picture of 640x480.
REGION = Region(109, 30, 419, 420)


def noise(width: int = 640, height: int = 480) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def cell_of(position: tuple[int, int], region: Region) -> tuple[int, int]:
    row, column = position
    return (row - region.y) * 7 // region.height, (column - region.x) * 7 // region.width


def brightest(picture: NDArray[np.uint8], inside: Region) -> tuple[int, int]:
    """Not counting the outline."""
    brightness = np.zeros(picture.shape[:2])
    rows = slice(inside.y + 2, inside.y + inside.height - 2)
    columns = slice(inside.x + 2, inside.x + inside.width - 2)
    brightness[rows, columns] = picture[rows, columns].sum(axis=2)
    row, column = np.unravel_index(brightness.argmax(), brightness.shape)
    return int(row), int(column)


@pytest.mark.parametrize("cell", [(0, 0), (0, 6), (3, 3), (6, 0), (2, 5), (6, 6)])
@pytest.mark.parametrize("region", [REGION, Region(0, 0, 640, 480), Region(300, 100, 70, 49)])
def test_the_hottest_pixel_lies_in_the_hottest_cell(cell: tuple[int, int], region: Region) -> None:
    attention = AttentionMap(focus_on(*cell), region)
    picture = draw_attention(np.full((480, 640, 3), 100, np.uint8), attention)
    assert cell_of(brightest(picture, region), region) == cell


def test_heat_is_bilinear_between_the_centres_of_the_cells() -> None:
    weights = np.zeros((7, 7), np.float32)
    weights[3, 3], weights[3, 4] = 0.75, 0.25
    heat = attention_heat(AttentionMap(weights, Region(50, 60, 77, 77)))
    assert heat.shape == (77, 77)
    # 11 px a cell, so that a cell's centre is a pixel's.
    assert heat[38, 38] == pytest.approx(1.0)
    assert heat[38, 49] == pytest.approx(1 / 3, abs=1e-5)
    assert heat[38, 43] == pytest.approx(1 + 5 / 11 * (1 / 3 - 1), abs=1e-5)
    assert heat[38, 27] == pytest.approx(0, abs=1e-6)


def test_an_even_map_is_nowhere_hot() -> None:
    weights = np.full((7, 7), 1 / 49, np.float32)
    heat = attention_heat(AttentionMap(weights, REGION))
    assert heat.max() == pytest.approx(1 / 3, abs=1e-5)
    assert heat.min() == pytest.approx(1 / 3, abs=1e-5)


def test_outside_the_region_nothing_changes_and_inside_everything_is_blended() -> None:
    image = noise()
    picture = draw_attention(image, AttentionMap(focus_on(2, 4), REGION))
    inside = np.zeros((480, 640), bool)
    inside[REGION.y : REGION.y + REGION.height, REGION.x : REGION.x + REGION.width] = True
    np.testing.assert_array_equal(picture[~inside], image[~inside])
    assert np.any(picture != image, axis=2)[inside].mean() > 0.95
    # The picture shows through.
    shown = np.corrcoef(picture[inside].ravel(), image[inside].ravel())[0, 1]
    assert shown > 0.5


def test_the_region_is_outlined() -> None:
    picture = draw_attention(noise(), AttentionMap(focus_on(2, 4), REGION))
    bottom, right = REGION.y + REGION.height - 1, REGION.x + REGION.width - 1
    for edge in (picture[REGION.y, REGION.x : right], picture[bottom, REGION.x : right]):
        assert (edge == 255).all()


def test_the_image_itself_is_not_modified() -> None:
    image = noise()
    before = image.copy()
    image.setflags(write=False)
    person = make_person(Region(200, 150, 100, 100), region=REGION)
    draw_attention(image, person)
    attention_panel(image, [person])
    attention_panel(image, [])
    np.testing.assert_array_equal(image, before)


def test_a_person_stands_for_the_attention_of_its_estimate() -> None:
    person = make_person(Region(200, 150, 100, 100), weights=focus_on(1, 1), region=REGION)
    np.testing.assert_array_equal(
        draw_attention(noise(), person),
        draw_attention(noise(), AttentionMap(focus_on(1, 1), REGION)),
    )


def test_a_person_without_attention_is_shown_without_heat() -> None:
    person = make_person(Region(200, 150, 100, 100))
    assert person.estimate is not None
    person = replace(person, estimate=replace(person.estimate, attention=None))
    np.testing.assert_array_equal(draw_attention(noise(), person), noise())
    panel = attention_panel(noise(), [person], tile_width_px=640)
    height, width = noise().shape[:2]
    assert panel.shape == (height, width, 3)
    # The face is framed and named, the rest is the image's.
    assert (panel != noise()).any()
    np.testing.assert_array_equal(panel[:60, :180], noise()[:60, :180])


def test_an_empty_region_changes_nothing() -> None:
    attention = AttentionMap(focus_on(2, 4), Region(0, 0, 0, 0))
    np.testing.assert_array_equal(draw_attention(noise(), attention), noise())


@pytest.mark.parametrize(
    ("people", "width", "height"),
    [(0, 640, 480), (1, 640, 480), (2, 1280, 480), (3, 1280, 960), (4, 1280, 960), (8, 1278, 960)],
)
def test_tiles_are_side_by_side_and_the_panel_stays_handy(
    people: int, width: int, height: int
) -> None:
    shown = [make_person(Region(50, 50, 60, 60), region=REGION) for _ in range(people)]
    assert attention_panel(noise(), shown).shape == (height, width, 3)
    panel = attention_panel(noise(1920, 1080), shown)
    assert 640 <= panel.shape[1] <= 1280
    assert attention_panel(noise(), shown, columns=1, tile_width_px=320).shape == (
        240 * max(people, 1),
        320,
        3,
    )


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (1001, 333)])
def test_each_tile_shows_its_own_persons_attention_in_its_place(size: tuple[int, int]) -> None:
    width, height = size
    region = Region(width // 6, height // 16, width * 2 // 3, height * 7 // 8)
    cells = [(1, 1), (1, 5), (4, 3)]
    people = [
        make_person(Region(width // 2, height // 2, 20, 20), weights=focus_on(*c), region=region)
        for c in cells
    ]
    panel = attention_panel(np.full((height, width, 3), 60, np.uint8), people)
    tile_height, tile_width = panel.shape[0] // 2, panel.shape[1] // 2
    scale = tile_width / width
    shrunk = Region(*(round(v * scale) for v in (region.x, region.y, region.width, region.height)))
    for index, cell in enumerate(cells):
        y, x = index // 2 * tile_height, index % 2 * tile_width
        tile = panel[y : y + tile_height, x : x + tile_width].copy()
        # The person's box and caption are bright too.
        tile[tile_height // 2 - 4 : tile_height // 2 + 24, tile_width // 2 - 4 :] = 0
        tile[-tile_height // 6 :] = 0
        assert cell_of(brightest(tile, shrunk), shrunk) == cell
    # The place without a tile shows the image, dimmed.
    assert (panel[tile_height:, tile_width:] == 20).all()


def test_people_without_a_map_of_this_image_are_left_out() -> None:
    seen = make_person(Region(50, 50, 60, 60), region=REGION)
    hidden = make_person(Region(50, 50, 60, 60), region=REGION, evaluated=False)
    np.testing.assert_array_equal(
        attention_panel(noise(), [hidden, seen]), attention_panel(noise(), [seen])
    )
    plain = attention_panel(noise(), [hidden])
    assert (plain != noise()).any(axis=2).mean() < 0.1


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (40, 30)])
def test_tiny_pictures(size: tuple[int, int]) -> None:
    person = make_person(Region(0, 0, *size), region=Region(0, 0, *size))
    assert attention_panel(noise(*size), [person, person]).shape == (size[1], 2 * size[0], 3)


def test_a_person_between_two_readings_keeps_the_last_map_and_a_missed_one_does_not() -> None:
    person = make_person(Region(200, 150, 100, 100), weights=focus_on(1, 1), region=REGION)
    between = replace(person, evaluated=False, searched=False)
    missed = replace(person, evaluated=False, searched=True)
    panel = attention_panel(noise(), [person])
    # The outline of a face that was not read in this image is drawn in another way.
    assert (attention_panel(noise(), [between]) == panel).mean() > 0.99
    assert (attention_panel(noise(), [missed]) == panel).mean() < 0.9
