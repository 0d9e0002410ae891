"""Images onto tensors: upsampling before detection, and the pyramid of levels on one canvas."""

from __future__ import annotations

import itertools

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .sampling import AxisSampling, column_sampling, row_sampling
from .tiling import PyramidLayout, Tile

# Rows that are worked on at a time: the pieces stay in the processor's cache.
_UPSAMPLING_ROWS = 16
_RESIZING_ROWS = 64


class Upsampler:
    """Doubles images of one size as dlib's `pyramid_up` does: every bit, rounding down included.

    float32 products and sums stand apart, in dlib's order: a fused multiply-add, or interpolating
    along one axis first, moves results across whole numbers, and the network notices.
    """

    def __init__(self, height: int, width: int, device: torch.device) -> None:
        self.output_height = 2 * height + 1
        self.output_width = 2 * width + 2
        self._rows = row_sampling(height, self.output_height)
        self._columns = column_sampling(width, self.output_width)
        self._first_row = torch.from_numpy(self._rows.first).to(device)
        self._second_row = torch.from_numpy(self._rows.second).to(device)
        self._first_column = torch.from_numpy(self._columns.first).to(device)
        self._second_column = torch.from_numpy(self._columns.second).to(device)

        across = np.repeat(self._columns.fraction[: self._columns.tail_start], 3)
        across32 = across.astype(np.float32)
        self._left_weight = torch.from_numpy(np.float32(1) - across32).to(device)
        self._right_weight = torch.from_numpy(across32).to(device)
        down = self._rows.fraction[:, None]
        self._top_weight = torch.from_numpy((1 - down).astype(np.float32)).to(device)
        self._bottom_weight = torch.from_numpy(down.astype(np.float32)).to(device)
        self._down = torch.from_numpy(down[:, None]).to(device)
        self._tail_across = torch.from_numpy(
            self._columns.fraction[self._columns.tail_start :, None]
        ).to(device)

    def __call__(self, image: Tensor) -> Tensor:
        """(height, width, 3) uint8 → (2 · height + 1, 2 · width + 2, 3) uint8."""
        out = image.new_empty((self.output_height, self.output_width, 3))
        tail_start = self._columns.tail_start
        left = image[:, self._first_column[:tail_start]].float().flatten(1)
        right = image[:, self._second_column[:tail_start]].float().flatten(1)
        flat_out = out.view(self.output_height, -1)[:, : 3 * tail_start]
        for start in range(0, self.output_height, _UPSAMPLING_ROWS):
            rows = slice(start, start + _UPSAMPLING_ROWS)
            first, second = self._first_row[rows], self._second_row[rows]
            above, below = self._top_weight[rows], self._bottom_weight[rows]
            total = (above * self._left_weight).mul_(left[first])
            total.add_((above * self._right_weight).mul_(right[first]))
            total.add_((below * self._left_weight).mul_(left[second]))
            total.add_((below * self._right_weight).mul_(right[second]))
            flat_out[rows] = total
        out[:, tail_start:] = self._tail(image)
        return out

    def _tail(self, image: Tensor) -> Tensor:
        """The last columns, which dlib interpolates in double precision and another order."""
        tail_start = self._columns.tail_start
        left = image[:, self._first_column[tail_start:]].double()
        right = image[:, self._second_column[tail_start:]].double()
        across = (1 - self._tail_across) * left + self._tail_across * right
        down = self._down
        return (1 - down) * across[self._first_row] + down * across[self._second_row]


class TiledPyramid:
    """Fills a canvas with an image of one size and its smaller levels.

    The canvas is made once and written again for every image: one image at a time.
    """

    def __init__(
        self, layout: PyramidLayout, mean_bgr: tuple[float, float, float], device: torch.device
    ) -> None:
        self._layout = layout
        self._mean = torch.tensor(mean_bgr, dtype=torch.float32, device=device)
        self._canvas = torch.zeros((layout.height, layout.width, 3), device=device)
        self._resizers = [
            _LevelResizer(self._view(larger), self._view(smaller), device)
            for larger, smaller in itertools.pairwise(layout.tiles)
        ]

    def fill(self, image: Tensor) -> Tensor:
        """(height, width, 3) uint8 BGR → the canvas (canvas height, canvas width, 3), normalised.

        Values are (pixel − mean) / 256, and 0 between the levels.
        """
        full_image = self._view(self._layout.tiles[0])
        torch.sub(image, self._mean, out=full_image)
        full_image.mul_(1 / 256)
        for resizer in self._resizers:
            resizer()
        return self._canvas

    def _view(self, tile: Tile) -> Tensor:
        return self._canvas[tile.top : tile.bottom, tile.left : tile.right]


class _LevelResizer:
    """Resizes one view of the canvas into another, down and then across.

    Across, the same small table of indices serves strip after strip.
    """

    def __init__(self, source: Tensor, target: Tensor, device: torch.device) -> None:
        source_height, source_width, channels = source.shape
        height, width, _ = target.shape
        self._source_rows = source.as_strided(
            (source_height, source_width * channels), (source.stride(0), 1)
        )
        self._target = target
        self._strip_rows = min(_RESIZING_ROWS, height)
        self._down = _WeightedSums(row_sampling(source_height, height), device)
        self._across = _WeightedSums(
            column_sampling(source_width, width), device, repeats=self._strip_rows
        )

    def __call__(self) -> None:
        height, width, channels = self._target.shape
        resized_down = self._down(self._source_rows, height).view(height, -1, channels)
        for start in range(0, height, self._strip_rows):
            strip = resized_down[start : start + self._strip_rows]
            resized = self._across(strip.reshape(-1, channels), strip.shape[0] * width)
            self._target[start : start + self._strip_rows] = resized.view(-1, width, channels)


class _WeightedSums:
    """Each output entry is a weighted sum of two input entries: a gather and a sum in one pass.

    The table is repeated for so many lines of entries that follow each other in the input.
    """

    def __init__(self, sampling: AxisSampling, device: torch.device, repeats: int = 1) -> None:
        pairs = np.stack([sampling.first, sampling.second], axis=1)
        # The pairs' last input entry is the line's last.
        lines = np.arange(repeats)[:, None, None] * (pairs.max() + 1)
        weights = np.stack([1 - sampling.fraction, sampling.fraction], axis=1)
        self._indices = torch.from_numpy((lines + pairs).ravel()).to(device)
        self._weights = torch.from_numpy(np.tile(weights.astype(np.float32).ravel(), repeats)).to(
            device
        )
        self._starts = torch.arange(0, self._indices.numel(), 2, device=device)

    def __call__(self, entries: Tensor, count: int) -> Tensor:
        """(n, size) → the first `count` sums, (count, size)."""
        return F.embedding_bag(
            self._indices[: 2 * count],
            entries,
            self._starts[:count],
            mode="sum",
            per_sample_weights=self._weights[: 2 * count],
        )
