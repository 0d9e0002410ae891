"""Which cells of the network score which part of an image, and what looking at them costs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from ...geometry import Region
from ..face_detector import SearchArea
from .network import MmodNetwork, Surroundings
from .parameters import MmodParameters
from .tiling import PyramidLayout, pyramid_layout

# dlib's pyramid_down<6>: point_up, one level.
_UP_RATIO = 6 / 5
_UP_OFFSET = 0.3
# Centres so far outside a level are still that level's: half the distance of two levels.
_BEYOND_LEVEL_PX = 5


@dataclass(frozen=True)
class CellBlock:
    """A rectangle of the network's cells, all of one level.

    Attributes:
        level: Of the pyramid.
        row: The first cell's, counted on the canvas of all levels.
        column: The first cell's.
        rows: How many.
        columns: How many.
        around: How far the canvas reaches around them.
    """

    level: int
    row: int
    column: int
    rows: int
    columns: int
    around: Surroundings

    @property
    def shape(self) -> tuple[int, int, Surroundings]:
        """Blocks of one shape go through the network together."""
        return self.rows, self.columns, self.around


class PyramidCells:
    """The cells that the network scores for images of one size.

    Attributes:
        layout: The canvas of all levels.
        levels: How many levels have a place on it.
    """

    def __init__(
        self, width: int, height: int, upsample: int, parameters: MmodParameters, net: MmodNetwork
    ) -> None:
        self._image = Region(0, 0, width, height)
        self._upsample = upsample
        self._net = net
        self._window_px = parameters.window_px[0]
        for _ in range(upsample):
            height, width = 2 * height + 1, 2 * width + 2
        self._padding = parameters.padding_px, parameters.outer_padding_px
        self.layout = pyramid_layout(height, width, *self._padding)
        self.levels = len(self.layout.tiles)
        self._rows, self._columns = self._cells_of(self.layout)

    def layout_from(self, level: int) -> PyramidLayout:
        """The canvas of this level and all smaller ones; narrow ones keep a larger one company."""
        grid = self._net.cell_stride_px
        while level and self.layout.tiles[level].width <= self._padding[0] + grid:
            level -= 1
        return self.layout.without_levels_below(level, *self._padding, grid)

    def side_px(self, level: int) -> float:
        """Side of the boxes that a level gives, in pixels of the image; they are rounded."""
        return (self._window_px - 1) * _UP_RATIO**level / 2**self._upsample

    def first_level(self, min_size_px: float) -> int:
        """The first level whose boxes are as large; `levels` where none are."""
        return next(
            (level for level in range(self.levels) if self.side_px(level) + 0.5 >= min_size_px),
            self.levels,
        )

    def whole_from(self, area: SearchArea) -> int | None:
        """The level from which on an area asks for everything; None where it asks for less."""
        levels = self._levels_of(area)
        if area.centers != self._image or levels.stop < self.levels:
            return None
        return levels.start

    def blocks(self, area: SearchArea) -> Iterator[CellBlock]:
        """The cells that score faces in an area: a block in each level of fitting size."""
        for level in self._levels_of(area):
            tile = self.layout.tiles[level]
            centers = area.centers
            left = -math.inf if centers.x <= 0 else centers.x - 0.5
            top = -math.inf if centers.y <= 0 else centers.y - 0.5
            right, bottom = centers.x + centers.width, centers.y + centers.height
            right_edge = math.inf if right >= self._image.width else right - 0.5
            bottom_edge = math.inf if bottom >= self._image.height else bottom - 0.5
            column, columns = self._stretch(
                self._to_level(left, level, 1.25),
                self._to_level(right_edge, level, 1.25),
                tile.left,
                tile.width,
                self._columns,
            )
            row, rows = self._stretch(
                self._to_level(top, level, 0.75),
                self._to_level(bottom_edge, level, 0.75),
                tile.top,
                tile.height,
                self._rows,
            )
            if rows > 0 and columns > 0:
                yield self._block(level, row, column, rows, columns)

    def first_center(self, block: CellBlock) -> tuple[int, int]:
        """The x and y of the first cell's centre, in pixels of the block's level."""
        stride, offset = self._net.cell_stride_px, self._net.cell_offset_px
        tile = self.layout.tiles[block.level]
        return block.column * stride + offset - tile.left, block.row * stride + offset - tile.top

    def piece(self, block: CellBlock) -> Region:
        """What the network sees of the block's level, in pixels of it; it may reach beyond."""
        stride, tile, around = (
            self._net.cell_stride_px,
            self.layout.tiles[block.level],
            block.around,
        )
        rows = block.rows + around.top + around.bottom
        columns = block.columns + around.left + around.right
        return Region(
            (block.column - around.left) * stride - tile.left,
            (block.row - around.top) * stride - tile.top,
            (columns - 1) * stride + self._net.piece_px,
            (rows - 1) * stride + self._net.piece_px,
        )

    def areas(self, multiplications: int, first_level: int) -> tuple[SearchArea, ...]:
        """Areas that cover all levels from one on, each of at most so many multiplications.

        The small levels, on a canvas of their own, are one area; the others are cut into areas.
        The nearest people come first.
        """
        if first_level >= self.levels:
            return ()
        together = next(
            (
                level
                for level in range(first_level, self.levels)
                if self._whole_cost(level) <= multiplications
            ),
            self.levels - 1,
        )
        smallest = (self.side_px(together - 1) + self.side_px(together)) / 2 if together else 0.0
        areas = [SearchArea(self._image, smallest, math.inf)]
        for level in reversed(range(first_level, together)):
            areas += self._parts(level, multiplications)
        return tuple(areas)

    def _parts(self, level: int, multiplications: int) -> list[SearchArea]:
        """A level in the fewest equal parts that each cost so little."""
        side = self.side_px(level)
        (whole,) = self.blocks(SearchArea(self._image, side, side))
        grids = sorted(
            itertools.product(range(1, whole.rows + 1), range(1, whole.columns + 1)), key=math.prod
        )
        down, across = next(
            (grid for grid in grids if self._cost_of_part(whole, *grid) <= multiplications),
            grids[-1],
        )
        return [SearchArea(part, side, side) for part in self._cut(down, across)]

    def _cost_of_part(self, whole: CellBlock, down: int, across: int) -> int:
        """Of the most expensive part of a block that is cut into rows and columns of parts."""
        around, margin = whole.around, self._net.margin_cells
        inner = Surroundings(
            around.left if across < 2 else margin,
            around.right if across < 3 else margin,
            around.top if down < 2 else margin,
            around.bottom if down < 3 else margin,
        )
        rows, columns = math.ceil(whole.rows / down), math.ceil(whole.columns / across)
        return self._net.multiplications(rows, columns, inner)

    def _cut(self, down: int, across: int) -> list[Region]:
        width, height = self._image.width, self._image.height
        xs = [round(index * width / across) for index in range(across + 1)]
        ys = [round(index * height / down) for index in range(down + 1)]
        return [
            Region(xs[i], ys[j], xs[i + 1] - xs[i], ys[j + 1] - ys[j])
            for j in range(down)
            for i in range(across)
        ]

    def _whole_cost(self, level: int) -> int:
        rows, columns = self._cells_of(self.layout_from(level))
        return self._net.multiplications(rows, columns, Surroundings(0, 0, 0, 0))

    def _cells_of(self, layout: PyramidLayout) -> tuple[int, int]:
        piece, stride = self._net.piece_px, self._net.cell_stride_px
        return (
            max(0, (layout.height - piece) // stride + 1),
            max(0, (layout.width - piece) // stride + 1),
        )

    def _levels_of(self, area: SearchArea) -> range:
        """The levels whose boxes have a size that is looked for, or else the nearest."""
        sides = [self.side_px(level) for level in range(self.levels)]
        fitting = [
            level
            for level, side in enumerate(sides)
            if area.min_size_px - 1 <= side <= area.max_size_px + 1
        ]
        if fitting:
            return range(fitting[0], fitting[-1] + 1)
        middle = math.sqrt(area.min_size_px * area.max_size_px)
        nearest = min(range(self.levels), key=lambda level: abs(math.log(sides[level] / middle)))
        return range(nearest, nearest + 1)

    def _to_level(self, position: float, level: int, up_offset: float) -> float:
        for _ in range(self._upsample):
            position = 2 * (position + up_offset)
        for _ in range(level):
            position = (position - _UP_OFFSET) / _UP_RATIO
        return position

    def _stretch(
        self, low: float, high: float, start: int, size: int, cells: int
    ) -> tuple[int, int]:
        """First and number of the cells whose centres lie in [low, high) of a tile's axis."""
        stride, offset = self._net.cell_stride_px, self._net.cell_offset_px
        first_of_level = math.ceil((start - _BEYOND_LEVEL_PX - offset) / stride)
        last_of_level = math.floor((start + size - 1 + _BEYOND_LEVEL_PX - offset) / stride)
        first_of_level, last_of_level = max(0, first_of_level), min(cells - 1, last_of_level)
        low, high = max(low, -stride), min(high, size + stride)
        first = math.ceil((start + low - offset) / stride)
        last = math.ceil((start + high - offset) / stride) - 1
        if last < first:
            # Narrower than the cells' distance: the nearest one.
            first = last = round((start + (low + high) / 2 - offset) / stride)
        first = min(max(first, first_of_level), last_of_level)
        last = min(max(last, first_of_level), last_of_level)
        return first, last - first + 1

    def _block(self, level: int, row: int, column: int, rows: int, columns: int) -> CellBlock:
        margin = self._net.margin_cells
        around = Surroundings(
            min(column, margin),
            min(self._columns - column - columns, margin),
            min(row, margin),
            min(self._rows - row - rows, margin),
        )
        return CellBlock(level, row, column, rows, columns, around)
