from __future__ import annotations

import numpy as np
import pytest

from glamor_ros.media.pictures import BgrImage
from glamor_ros.media.warped_face import Face, Paint, Pull, WarpedFace, between

SQUARE = ((20, 20), (40, 20), (40, 40), (20, 40))
FACE = Face(
    left=10,
    top=10,
    right=90,
    bottom=70,
    movements={"right": (Pull(50, 40, 8, 8, 1, 0),), "down": (Pull(50, 40, 8, 8, 0, 1),)},
    paints={"red": Paint(SQUARE, (0, 0, 200))},
)


def dot() -> BgrImage:
    """100x80, grey, with a bright dot in the middle of the pulls."""
    image = np.full((80, 100, 3), 50, np.uint8)
    image[39:42, 49:52] = 250
    return image


def brightest(image: BgrImage) -> tuple[float, float]:
    """The middle (x, y) of what is bright."""
    rows, columns = np.nonzero(image[..., 0] > 150)
    return float(columns.mean()), float(rows.mean())


def test_without_an_expression_the_photograph_is_as_it_was() -> None:
    np.testing.assert_array_equal(WarpedFace(dot(), FACE).showing({}), dot())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [({"right": 4.0}, (54, 40)), ({"down": 3.0}, (50, 43)), ({"right": -2, "down": 2}, (48, 42))],
)
def test_what_is_pulled_moves_that_far(
    expression: dict[str, float], expected: tuple[float, float]
) -> None:
    image = WarpedFace(dot(), FACE).showing(expression)

    assert brightest(image) == pytest.approx(expected, abs=0.6)
    outside = np.ones(image.shape[:2], bool)
    outside[10:70, 10:90] = False
    np.testing.assert_array_equal(image[outside], dot()[outside])


def test_paint_covers_its_part_as_far_as_asked() -> None:
    half = WarpedFace(dot(), FACE).showing({"red": 0.5})

    np.testing.assert_allclose(half[30, 30], (25, 25, 125), atol=1)
    np.testing.assert_array_equal(half[30, 60], (50, 50, 50))


def test_between_two_expressions() -> None:
    halfway = between({"a": 2.0}, {"a": 4.0, "b": 1.0}, 0.25)

    assert halfway == {"a": 2.5, "b": 0.25}
