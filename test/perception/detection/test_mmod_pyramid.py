"""Upsampling and the image pyramid against dlib's `resize_image`, and the layout's rules."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from glamor_ros.perception.detection.mmod.postprocessing import round_half_away
from glamor_ros.perception.detection.mmod.pyramid import TiledPyramid, Upsampler
from glamor_ros.perception.detection.mmod.sampling import column_sampling, row_sampling
from glamor_ros.perception.detection.mmod.tiling import Tile, pyramid_layout

CPU = torch.device("cpu")
MEAN_BGR = (104.298, 117.001, 122.782)


def random_image(height: int, width: int) -> NDArray[np.uint8]:
    """Flat areas, where rounding down shows most, beside noise."""
    generator = np.random.default_rng(height * 10_000 + width)
    image = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    image[: height // 2, : width // 2] = generator.integers(0, 256, 3)
    return image


@pytest.mark.parametrize(
    ("height", "width"),
    [(10, 10), (11, 10), (13, 57), (57, 13), (90, 121), (188, 320), (181, 322), (241, 1000)],
)
def test_upsampling_equals_dlib_in_every_bit(height: int, width: int) -> None:
    dlib = pytest.importorskip("dlib", reason="dlib is not installed: nothing to compare with")
    image = random_image(height, width)
    upsampler = Upsampler(height, width, CPU)
    found = upsampler(torch.from_numpy(image), upsampler.whole).numpy()
    expected = dlib.resize_image(image, 2 * height + 1, 2 * width + 2)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("height", "width"), [(22, 22), (47, 61), (120, 33), (33, 420)])
def test_pyramid_levels_equal_dlib(height: int, width: int) -> None:
    dlib = pytest.importorskip("dlib", reason="dlib is not installed: nothing to compare with")
    image = random_image(height, width)
    layout = pyramid_layout(height, width, padding=10, outer_padding=11)
    pyramid = TiledPyramid(layout, MEAN_BGR, CPU)
    pyramid.fill(torch.zeros((height, width, 3), dtype=torch.uint8))
    canvas = pyramid.fill(torch.from_numpy(image)).numpy()

    level = ((image - np.array(MEAN_BGR, dtype=np.float32)) / 256).astype(np.float32)
    covered = np.zeros(canvas.shape[:2], dtype=bool)
    for index, tile in enumerate(layout.tiles):
        if index:
            level = np.stack(
                [
                    dlib.resize_image(np.ascontiguousarray(channel), tile.height, tile.width)
                    for channel in np.moveaxis(level, 2, 0)
                ],
                axis=2,
            )
        area = (slice(tile.top, tile.bottom), slice(tile.left, tile.right))
        np.testing.assert_allclose(canvas[area], level, atol=1e-6)
        covered[area] = True
    assert len(layout.tiles) > 1
    assert not canvas[~covered].any()


def test_sampling_meets_both_corners() -> None:
    for sampling in (row_sampling(100, 37), column_sampling(100, 37)):
        assert sampling.first[0] + sampling.fraction[0] == 0
        assert sampling.first[-1] + sampling.fraction[-1] == pytest.approx(99, abs=1e-4)
        assert sampling.second.max() == 99
        assert ((sampling.fraction >= 0) & (sampling.fraction < 1)).all()


def test_columns_change_to_double_precision_near_the_end() -> None:
    sampling = column_sampling(640, 1282)
    lanes = sampling.fraction[: sampling.tail_start]
    np.testing.assert_array_equal(lanes.astype(np.float32), lanes)
    assert 1282 - 8 <= sampling.tail_start < 1282
    assert sampling.tail_start % 4 == 0


def test_layout_of_a_camera_image() -> None:
    """Worked out by hand from dlib's rules for 640x480: the column turns after half of the rest."""
    layout = pyramid_layout(480, 640, padding=10, outer_padding=11)
    first, second = layout.tiles[:2]
    assert first == Tile(11, 11, 480, 640)
    assert second == Tile(11 + 480 + 10, 11, 400, 533)
    assert layout.width == 640 + 22
    right_column = [tile for tile in layout.tiles if tile.left != 11]
    assert right_column[0].bottom == layout.height - 11
    assert all(tile.right == 11 + 640 for tile in right_column)


@pytest.mark.parametrize("height", [22, 37, 44, 240, 601])
@pytest.mark.parametrize("width", [10, 23, 61, 320, 999])
def test_tiles_lie_on_the_canvas_and_apart(height: int, width: int) -> None:
    layout = pyramid_layout(height, width, padding=10, outer_padding=11)
    for tile in layout.tiles:
        assert tile.top >= 11
        assert tile.left >= 11
        assert tile.bottom <= layout.height - 11
        assert tile.right <= layout.width - 11
    for one, other in itertools.combinations(layout.tiles, 2):
        assert not one.intersects(other)


def test_halves_are_rounded_away_from_zero() -> None:
    values = np.array([-1.5, -0.5, -0.4, 0.4, 0.5, 1.5, 2.5])
    assert round_half_away(values).tolist() == [-2, -1, 0, 0, 1, 2, 3]
