"""Images onto tensors: upsampling before detection, pieces of levels, all levels on one canvas."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...geometry import Region
from .sampling import AxisSampling, AxisTaps, column_sampling, row_sampling
from .tiling import PyramidLayout, Tile, level_sizes

# Rows that a processor works on at a time. The small steps of upsampling stay in its cache; in
# resizing, fewer and longer calls are worth more: several threads meet at the end of each.
_UPSAMPLING_ROWS = 16
_RESIZING_ROWS = 256


class Upsampler:
    """dlib's `pyramid_up` for images of one size: doubling, every bit as there, rounding included.

    float32 products and sums stand apart, in dlib's order: a fused multiply-add, or interpolating
    along one axis first, moves results across whole numbers, and the network notices.

    Attributes:
        output_height: 2 · height + 1.
        output_width: 2 · width + 2.
    """

    def __init__(self, height: int, width: int, device: torch.device) -> None:
        self.output_height = 2 * height + 1
        self.output_width = 2 * width + 2
        self._rows = row_sampling(height, self.output_height)
        self._columns = column_sampling(width, self.output_width)
        self._sum_corners = _sum_in_steps if device.type == "cpu" else _sum_at_once
        self._first_row = torch.from_numpy(self._rows.first).to(device)
        self._second_row = torch.from_numpy(self._rows.second).to(device)
        self._first_column = torch.from_numpy(self._columns.first).to(device)
        self._second_column = torch.from_numpy(self._columns.second).to(device)

        across32 = np.repeat(self._columns.fraction, 3).astype(np.float32)
        self._left_weight = torch.from_numpy(np.float32(1) - across32).to(device)
        self._right_weight = torch.from_numpy(across32).to(device)
        down = self._rows.fraction[:, None]
        self._top_weight = torch.from_numpy((1 - down).astype(np.float32)).to(device)
        self._bottom_weight = torch.from_numpy(down.astype(np.float32)).to(device)
        self._down = torch.from_numpy(down[:, None]).to(device)
        self._across = torch.from_numpy(self._columns.fraction[:, None]).to(device)

    @property
    def whole(self) -> Region:
        """The whole output."""
        return Region(0, 0, self.output_width, self.output_height)

    def needs(self, region: Region) -> Region:
        """The part of the input that a region of the output is made from."""
        left, top = self._columns.first[region.x], self._rows.first[region.y]
        right = self._columns.second[region.x + region.width - 1] + 1
        bottom = self._rows.second[region.y + region.height - 1] + 1
        return Region(int(left), int(top), int(right - left), int(bottom - top))

    def __call__(self, pixels: Tensor, region: Region) -> Tensor:
        """A region of the output.

        Args:
            pixels: (h, w, 3) uint8, the part of the input that the region needs.
            region: What is asked for.

        Returns:
            (region.height, region.width, 3) uint8.
        """
        source = self.needs(region)
        out = pixels.new_empty((region.height, region.width, 3))
        end = region.x + region.width
        tail_start = min(max(self._columns.tail_start, region.x), end)
        rows = slice(region.y, region.y + region.height)
        first, second = self._first_row[rows] - source.y, self._second_row[rows] - source.y

        if tail_start > region.x:
            lanes = slice(region.x, tail_start)
            left = pixels.index_select(1, self._first_column[lanes] - source.x).float().flatten(1)
            right = pixels.index_select(1, self._second_column[lanes] - source.x).float().flatten(1)
            values = slice(3 * region.x, 3 * tail_start)
            flat_out = out.view(region.height, -1)[:, : left.shape[1]]
            self._sum_corners(
                [
                    (self._top_weight[rows], self._left_weight[values], left, first),
                    (self._top_weight[rows], self._right_weight[values], right, first),
                    (self._bottom_weight[rows], self._left_weight[values], left, second),
                    (self._bottom_weight[rows], self._right_weight[values], right, second),
                ],
                flat_out,
            )

        if tail_start < end:
            # The last columns, which dlib interpolates in double precision and another order.
            tail = slice(tail_start, end)
            left = pixels[:, self._first_column[tail] - source.x].double()
            right = pixels[:, self._second_column[tail] - source.x].double()
            across = (1 - self._across[tail]) * left + self._across[tail] * right
            down = self._down[rows]
            out[:, tail_start - region.x :] = (1 - down) * across[first] + down * across[second]
        return out


# A weight for each row (rows, 1) and each value of it (values,), the input's rows, and which of
# them each output row takes.
_Corner = tuple[Tensor, Tensor, Tensor, Tensor]


def _sum_at_once(corners: Sequence[_Corner], out: Tensor) -> None:
    """The weighted sum of four input values for each output value, in dlib's order, on a GPU."""
    terms = [(down * across).mul_(rows[taken]) for down, across, rows, taken in corners]
    out.copy_(terms[0].add_(terms[1]).add_(terms[2]).add_(terms[3]))


def _sum_in_steps(corners: Sequence[_Corner], out: Tensor) -> None:
    """The same on a processor: NumPy's small operations on buffers in the cache cost half."""
    arrays = [[tensor.numpy() for tensor in corner] for corner in corners]
    out_rows = out.numpy()
    buffers = np.empty((3, _UPSAMPLING_ROWS, out.shape[1]), np.float32)
    for start in range(0, len(out_rows), _UPSAMPLING_ROWS):
        step = slice(start, start + _UPSAMPLING_ROWS)
        total, term, values = buffers[:, : len(out_rows[step])]
        for index, (down, across, rows, taken) in enumerate(arrays):
            product = term if index else total
            np.multiply(down[step], across, out=product)
            np.take(rows, taken[step], axis=0, out=values, mode="clip")
            product *= values
            if index:
                total += product
        out_rows[step] = total


class PyramidPieces:
    """The levels of images of one size, and pieces of them, each straight from its pixels.

    A level is interpolated from the one before it, that from the one before it, and so on: all the
    steps together are one weighted sum down and one across, whose weights are made once. The values
    are those of the levels made one from another, but for float32 rounding.

    Attributes:
        level_sizes: (height, width) of each level, in pixels; level 0 is the image, upsampled.
    """

    def __init__(self, height: int, width: int, upsample: int, device: torch.device) -> None:
        self._upsamplers: list[Upsampler] = []
        rows, columns = AxisTaps.identity(height), AxisTaps.identity(width)
        for _ in range(upsample):
            self._upsamplers.append(Upsampler(height, width, device))
            larger_height = self._upsamplers[-1].output_height
            larger_width = self._upsamplers[-1].output_width
            rows = rows.then(row_sampling(height, larger_height))
            columns = columns.then(column_sampling(width, larger_width))
            height, width = larger_height, larger_width
        self.level_sizes = level_sizes(height, width)
        heights, widths = zip(*self.level_sizes, strict=True)
        self._from_level_0 = _LevelSums(
            AxisTaps.identity(height), AxisTaps.identity(width), heights, widths, device
        )
        self._from_image = _LevelSums(rows, columns, heights, widths, device)

    def whole(self, level: int) -> Region:
        """All of a level."""
        height, width = self.level_sizes[level]
        return Region(0, 0, width, height)

    def level(self, image: Tensor, level: int) -> Tensor:
        """A whole level, not normalised.

        Args:
            image: (height, width, 3) uint8, not upsampled.
            level: Which one; 0 is the image, upsampled.

        Returns:
            (level height, level width, 3), uint8 for level 0, else float32.
        """
        whole = self.whole(level)
        if level == 0:
            return self._level_0(image, whole)
        return self._from_level_0.piece(lambda part: self._level_0(image, part), level, whole)

    def piece(self, image: Tensor, level: int, region: Region) -> Tensor:
        """Pixels of one level, not normalised.

        The upsampled image that dlib makes first holds whole numbers. Below level 0 its rounding is
        left out here: values differ by 0.5 at most, and upsampling costs nothing.

        Args:
            image: (height, width, 3) uint8, not upsampled.
            level: Which one; 0 is the image, upsampled.
            region: The piece of that level.

        Returns:
            (region.height, region.width, 3), uint8 for level 0, else float32.
        """
        if level == 0:
            return self._level_0(image, region)
        return self._from_image.piece(lambda part: _cut(image, part), level, region)

    def _level_0(self, image: Tensor, region: Region) -> Tensor:
        regions = [region]
        for upsampler in reversed(self._upsamplers):
            regions.append(upsampler.needs(regions[-1]))
        pixels = _cut(image, regions.pop())
        for upsampler in self._upsamplers:
            pixels = upsampler(pixels, regions.pop())
        return pixels


def _cut(image: Tensor, region: Region) -> Tensor:
    return image[region.y : region.y + region.height, region.x : region.x + region.width]


class _LevelSums:
    """The weighted sums that make the levels from what comes before them.

    Args:
        rows: Taps of the rows of level 0.
        columns: Taps of its columns.
        heights: Of all levels.
        widths: Of all levels.
        device: Where the weights lie.
    """

    def __init__(
        self,
        rows: AxisTaps,
        columns: AxisTaps,
        heights: Sequence[int],
        widths: Sequence[int],
        device: torch.device,
    ) -> None:
        self._taps = [(rows, columns)]
        self._heights, self._widths = heights, widths
        self._device = device
        self._sums: dict[int, tuple[_RunSums, _RunSums]] = {}

    def piece(self, source: Callable[[Region], Tensor], level: int, region: Region) -> Tensor:
        """Pixels of a level, (region.height, region.width, 3) float32.

        Args:
            source: A part of what the levels are made from, (height, width, 3) uint8.
            level: Which one.
            region: The part of it.
        """
        down, across = self._of(level)
        left, right = across.needs(region.x, region.width)
        strips = []
        for start in range(region.y, region.y + region.height, _RESIZING_ROWS):
            count = min(_RESIZING_ROWS, region.y + region.height - start)
            top, bottom = down.needs(start, count)
            pixels = source(Region(left, top, right - left, bottom - top))
            resized_down = down(pixels.float().flatten(1), start, count)
            columns = resized_down.view(count, -1, 3).transpose(0, 1).reshape(right - left, -1)
            resized = across(columns, region.x, region.width)
            strips.append(resized.view(region.width, count, 3).transpose(0, 1))
        return strips[0] if len(strips) == 1 else torch.cat(strips)

    def _of(self, level: int) -> tuple[_RunSums, _RunSums]:
        if level not in self._sums:
            for previous in range(len(self._taps) - 1, level):
                rows, columns = self._taps[previous]
                sizes = self._heights[previous : previous + 2]
                rows = rows.then(row_sampling(*sizes))
                columns = columns.then(column_sampling(*self._widths[previous : previous + 2]))
                self._taps.append((rows, columns))
            down, across = self._taps[level]
            self._sums[level] = _RunSums(down, self._device), _RunSums(across, self._device)
        return self._sums[level]


class _RunSums:
    """Weighted sums of runs of rows, for any stretch of the output."""

    def __init__(self, taps: AxisTaps, device: torch.device) -> None:
        indices = taps.indices()
        self._starts, self._ends = indices[:, 0], indices[:, -1] + 1
        self._indices = torch.from_numpy(indices).to(device)
        self._weights = torch.from_numpy(taps.weights.astype(np.float32)).to(device)

    def needs(self, first: int, count: int) -> tuple[int, int]:
        """The input rows that a stretch of the output is made from: start and end."""
        return int(self._starts[first]), int(self._ends[first + count - 1])

    def __call__(self, rows: Tensor, first: int, count: int) -> Tensor:
        """(needed rows, size) float32 → (count, size)."""
        stretch = slice(first, first + count)
        return F.embedding_bag(
            self._indices[stretch] - int(self._starts[first]),
            rows,
            mode="sum",
            per_sample_weights=self._weights[stretch],
        )


class TiledPyramid:
    """A canvas that is filled with the first level of a layout and the smaller ones made from it.

    The canvas is made once and written again for every image: one image at a time.

    Attributes:
        layout: Where the levels lie.
    """

    def __init__(
        self, layout: PyramidLayout, mean_bgr: tuple[float, float, float], device: torch.device
    ) -> None:
        self.layout = layout
        self._mean = torch.tensor(mean_bgr, dtype=torch.float32, device=device)
        self._canvas = torch.zeros((layout.height, layout.width, 3), device=device)
        resizer = _StripResizer if device.type == "cpu" else _WholeResizer
        self._resizers = [
            resizer(self._view(larger), self._view(smaller))
            for larger, smaller in itertools.pairwise(layout.tiles)
        ]

    def fill(self, first_level: Tensor) -> Tensor:
        """The canvas with all levels of an image.

        Args:
            first_level: (height, width, 3) BGR pixels, 0 to 255, of the layout's first level.

        Returns:
            (canvas height, canvas width, 3) float32: (pixel − mean) / 256, 0 between the levels.
        """
        full_image = self._view(self.layout.tiles[0])
        torch.sub(first_level, self._mean, out=full_image)
        full_image.mul_(1 / 256)
        for resizer in self._resizers:
            resizer()
        return self._canvas

    def _view(self, tile: Tile) -> Tensor:
        return self._canvas[tile.top : tile.bottom, tile.left : tile.right]


class _WholeResizer:
    """A GPU's way of resizing one view of the canvas into another: few and large operations."""

    def __init__(self, source: Tensor, target: Tensor) -> None:
        self._source, self._target = source, target
        rows = row_sampling(source.shape[0], target.shape[0])
        columns = column_sampling(source.shape[1], target.shape[1])
        self._rows = _on_device(rows, source.device)
        self._columns = _on_device(columns, source.device)

    def __call__(self) -> None:
        first, second, fraction = self._rows
        above, below = self._source.index_select(0, first), self._source.index_select(0, second)
        resized_down = torch.lerp(above, below, fraction[:, None, None])
        first, second, fraction = self._columns
        left, right = resized_down.index_select(1, first), resized_down.index_select(1, second)
        self._target.copy_(torch.lerp(left, right, fraction[:, None]))


def _on_device(sampling: AxisSampling, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    fraction = sampling.fraction.astype(np.float32)
    tables = (sampling.first, sampling.second, fraction)
    first, second, weight = (torch.from_numpy(table).to(device) for table in tables)
    return first, second, weight


class _StripResizer:
    """A processor's way of resizing one view of the canvas into another, down and then across.

    Across, the same small table of indices serves strip after strip.
    """

    def __init__(self, source: Tensor, target: Tensor) -> None:
        source_height, source_width, channels = source.shape
        height, width, _ = target.shape
        self._source_rows = source.as_strided(
            (source_height, source_width * channels), (source.stride(0), 1)
        )
        self._target = target
        self._strip_rows = min(_RESIZING_ROWS, height)
        self._down = _PairSums(row_sampling(source_height, height))
        self._across = _PairSums(column_sampling(source_width, width), repeats=self._strip_rows)

    def __call__(self) -> None:
        height, width, channels = self._target.shape
        resized_down = self._down(self._source_rows, height).view(height, -1, channels)
        for start in range(0, height, self._strip_rows):
            strip = resized_down[start : start + self._strip_rows]
            resized = self._across(strip.reshape(-1, channels), strip.shape[0] * width)
            self._target[start : start + self._strip_rows] = resized.view(-1, width, channels)


class _PairSums:
    """Weighted sums of two input entries each: a gather and a sum in one pass.

    The table is repeated for so many lines of entries that follow each other in the input.
    """

    def __init__(self, sampling: AxisSampling, repeats: int = 1) -> None:
        pairs = np.stack([sampling.first, sampling.second], axis=1)
        # The pairs' last input entry is the line's last.
        lines = np.arange(repeats)[:, None, None] * (pairs.max() + 1)
        weights = np.stack([1 - sampling.fraction, sampling.fraction], axis=1)
        self._indices = torch.from_numpy((lines + pairs).ravel())
        self._weights = torch.from_numpy(np.tile(weights.astype(np.float32).ravel(), repeats))
        self._starts = torch.arange(0, self._indices.numel(), 2)

    def __call__(self, entries: Tensor, count: int) -> Tensor:
        """(n, size) → the first `count` sums, (count, size)."""
        return F.embedding_bag(
            self._indices[: 2 * count],
            entries,
            self._starts[:count],
            mode="sum",
            per_sample_weights=self._weights[: 2 * count],
        )
