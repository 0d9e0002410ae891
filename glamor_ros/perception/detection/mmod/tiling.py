"""The layout of an image pyramid on one canvas: dlib's `compute_tiled_image_pyramid_details`."""

from __future__ import annotations

from dataclasses import dataclass

# dlib's pyramid_down<6>: each level has 5/6 of the size of the one before.
PYRAMID_RATE = (6 - 1.0) / 6
MIN_LEVEL_HEIGHT_PX = 5

_UINT64 = 2**64


@dataclass(frozen=True)
class Tile:
    """Where one level lies on the canvas; `bottom` and `right` are exclusive."""

    top: int
    left: int
    height: int
    width: int

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def right(self) -> int:
        return self.left + self.width

    def intersects(self, other: Tile) -> bool:
        return (
            self.top < other.bottom
            and other.top < self.bottom
            and self.left < other.right
            and other.left < self.right
        )


@dataclass(frozen=True)
class PyramidLayout:
    """A canvas and the places of an image's levels on it.

    Attributes:
        height: Of the canvas, in pixels.
        width: Of the canvas, in pixels.
        tiles: The levels' places, each level after the one it is made from.
        first_level: Which level the first tile holds; 0 is the image itself.
    """

    height: int
    width: int
    tiles: tuple[Tile, ...]
    first_level: int = 0

    @property
    def pixels(self) -> int:
        """How many pixels the canvas has."""
        return self.height * self.width

    def without_levels_below(
        self, level: int, padding: int, outer_padding: int, grid: int
    ) -> PyramidLayout:
        """The same pyramid from a smaller level on, on a smaller canvas.

        Each tile keeps its place modulo the grid, so that the network's cells see the same pixels.

        Args:
            level: The first one that is kept; it must have a tile.
            padding: Least distance of two tiles, in pixels.
            outer_padding: Least distance of a tile from the canvas's edges, in pixels.
            grid: Distance of two cells, in pixels.
        """
        if level == self.first_level:
            return self
        kept = self.tiles[level - self.first_level :]
        slack = grid - 1
        roomy = pyramid_layout(
            kept[0].height, kept[0].width, padding + slack, outer_padding + slack
        )
        tiles = tuple(
            Tile(
                free.top - (free.top - old.top) % grid,
                free.left - (free.left - old.left) % grid,
                old.height,
                old.width,
            )
            for free, old in zip(roomy.tiles, kept, strict=False)
        )
        return PyramidLayout(roomy.height, roomy.width, tiles, level)


def pyramid_layout(height: int, width: int, padding: int, outer_padding: int) -> PyramidLayout:
    """The layout for an image of this size: a column of levels, the rest beside it from below.

    As in dlib, levels of images less than 22 px high overlap (they are smaller than any face).
    """
    sizes = level_sizes(height, width)
    first_column, column_height = _first_column(sizes, padding)

    tiles: list[Tile] = []
    y = outer_padding
    for level_height, level_width in sizes[:first_column]:
        tiles.append(Tile(y, outer_padding, level_height, level_width))
        y += level_height + padding
    bottom = y - padding
    right = outer_padding + width
    for level_height, level_width in sizes[first_column:]:
        tile = Tile(bottom - level_height, right - level_width, level_height, level_width)
        if tile.intersects(tiles[0]):
            break
        tiles.append(tile)
        bottom -= level_height + padding
    return PyramidLayout(column_height + 2 * outer_padding, width + 2 * outer_padding, tuple(tiles))


def level_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """(height, width) of an image and of each smaller level of its pyramid."""
    sizes = [(height, width)]
    while True:
        height, width = int(PYRAMID_RATE * height), int(PYRAMID_RATE * width)
        if width == 0 or height < MIN_LEVEL_HEIGHT_PX:
            return sizes
        sizes.append((height, width))


def _first_column(sizes: list[tuple[int, int]], padding: int) -> tuple[int, int]:
    """How many levels stand in the first column, and its height.

    It ends where the next level fits beside the last one and the column has half the height of all
    levels below the image. dlib compares unsigned numbers here: what is negative counts as huge.
    """
    image_height, image_width = sizes[0]
    total_height = sum(height + padding for height, _ in sizes) - 2 * padding
    height = 0
    previous_width = 0
    for count, (level_height, level_width) in enumerate(sizes):
        fits_beside = level_width <= (image_width - previous_width - padding) % _UINT64
        below = (height - image_height) * 2 % _UINT64
        if fits_beside and below >= (total_height - image_height) % _UINT64:
            return count, height - padding
        height += level_height + padding
        previous_width = level_width
    return len(sizes), height - padding
