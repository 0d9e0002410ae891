"""Camera images to network inputs, as the released code prepares them, on whatever device.

Only the pixels that bilinear interpolation needs are read, so that the cost does not grow with the
image and no full image is copied: not to mask the faces, not to change the order of its channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...network.input_spec import InputSpec
from ..geometry import Region


@dataclass(frozen=True)
class _Taps:
    """The two source positions of each output position along one axis, and the second's weight.

    Attributes:
        indices: (N, 2n) int64, the first positions and then the second ones.
        weight: (N, n) float32.
    """

    indices: Tensor
    weight: Tensor

    @classmethod
    def of(cls, start: Tensor, length: Tensor, resized: int, crop: slice = slice(None)) -> _Taps:
        """Half-pixel centres, no antialiasing, edges repeated (OpenCV's INTER_LINEAR).

        Args:
            start: (N, 1) float64, where each of N source intervals begins.
            length: (N, 1) float64, their lengths in pixels.
            resized: To how many positions each is brought.
            crop: Which of these are wanted.
        """
        steps = torch.arange(resized, dtype=torch.float64, device=start.device)[crop] + 0.5
        positions = (steps * (length / resized) - 0.5).clamp(min=0.0)
        return cls._at(start + torch.minimum(positions, length - 1), start + length)

    @classmethod
    def around(cls, start: Tensor, length: Tensor, resized: int, margin: int, limit: int) -> _Taps:
        """As `of`, but margin more on each side; only what lies at limit or before 0 repeats."""
        steps = torch.arange(-margin, resized + margin, dtype=torch.float64, device=start.device)
        positions = start + (steps + 0.5) * (length / resized) - 0.5
        return cls._at(positions.clamp(0, limit - 1), torch.full_like(start, limit))

    @classmethod
    def _at(cls, positions: Tensor, limit: Tensor) -> _Taps:
        first = positions.floor()
        second = torch.minimum(first + 1, limit - 1)
        weight = (positions - first).float()
        return cls(torch.cat([first, second], dim=1).long(), weight)


def _read(image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels (2h, 2w, 3) of an image (H, W, 3) at the taps of one output."""
    # One axis after the other: three times as fast as both at once.
    return image.index_select(0, rows).index_select(1, columns)


def _interpolate(pixels: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Pixels at all taps (N, 2h, 2w, 3), BGR in 0..255, to (N, h, w, 3), RGB in [0, 1].

    Args:
        pixels: uint8.
        down: (N, h), the weights of the second rows.
        across: (N, w), the weights of the second columns.
    """
    height, width = down.shape[1], across.shape[1]
    values = pixels.float()
    values = torch.lerp(values[:, :height], values[:, height:], down[:, :, None, None])
    values = torch.lerp(values[:, :, :width], values[:, :, width:], across[:, None, :, None])
    return values.flip(3).mul_(1 / 255)


@dataclass(frozen=True)
class Preprocessor:
    """What cuts and resizes the network's inputs out of an image, to the sizes of its input_spec.

    Images are (H, W, 3) uint8 BGR; results are (N, h, w, 3) float32, RGB in [0, 1], on the image's
    device.
    """

    input_spec: InputSpec

    def faces(self, image: Tensor, regions: Sequence[Region]) -> Tensor:
        """The faces' regions, none of them empty, resized: (N, 96, 96, 3)."""
        height, width = self.input_spec.face_size
        edges = _edges(regions, image.device)
        rows = _Taps.of(edges[:, 1:2], edges[:, 3:4], height)
        columns = _Taps.of(edges[:, 0:1], edges[:, 2:3], width)
        return _resampled(image, rows, columns)

    def faces_with_margin(self, image: Tensor, regions: Sequence[Region], margin_px: int) -> Tensor:
        """The faces with margin_px of the resized image's pixels around them, edges repeated.

        (N, 96 + 2 margin_px, 96 + 2 margin_px, 3); inside the margin exactly what `faces` gives.
        """
        height, width = self.input_spec.face_size
        edges = _edges(regions, image.device)
        rows = _Taps.around(edges[:, 1:2], edges[:, 3:4], height, margin_px, image.shape[0])
        columns = _Taps.around(edges[:, 0:1], edges[:, 2:3], width, margin_px, image.shape[1])
        surrounded = _resampled(image, rows, columns)
        rows_inside = slice(margin_px, margin_px + height)
        columns_inside = slice(margin_px, margin_px + width)
        # `faces` does not look across the box's edge where it enlarges.
        surrounded[:, rows_inside, columns_inside] = self.faces(image, regions)
        return surrounded

    def contexts(self, image: Tensor, masks: Sequence[Sequence[Region]]) -> Tensor:
        """One context for each list of regions to set to zero: (N, 112, 112, 3).

        Nothing is read for no list.
        """
        (top, left), (height, width) = self._crop()
        if not masks:
            return torch.empty((0, height, width, 3), device=image.device)
        resized_height, resized_width = self.input_spec.context_resize
        edges = _edges([Region(0, 0, image.shape[1], image.shape[0])], image.device)
        rows = _Taps.of(edges[:, 1:2], edges[:, 3:4], resized_height, slice(top, top + height))
        columns = _Taps.of(edges[:, 0:1], edges[:, 2:3], resized_width, slice(left, left + width))
        pixels = _read(image, rows.indices[0], columns.indices[0])
        masked = pixels.expand(len(masks), -1, -1, -1)
        if any(masks):
            masked = masked * _visible(masks, rows.indices[0], columns.indices[0])
        return _interpolate(masked, rows.weight, columns.weight)

    def own_faces(self, image: Tensor, regions: Sequence[Region]) -> Tensor:
        """The pixels of the context whose centres lie in each region: (N, 112, 112), bool."""
        (top, left), (height, width) = self._crop()
        resized_height, resized_width = self.input_spec.context_resize
        edges = _edges(regions, image.device)
        y = _centres(image.shape[0], resized_height, slice(top, top + height), image.device)
        x = _centres(image.shape[1], resized_width, slice(left, left + width), image.device)
        rows = (y >= edges[:, 1:2]) & (y < edges[:, 1:2] + edges[:, 3:4])
        columns = (x >= edges[:, 0:1]) & (x < edges[:, 0:1] + edges[:, 2:3])
        return rows[:, :, None] & columns[:, None, :]

    def context_region(self, image_width: int, image_height: int) -> Region:
        """The part of the source image that the context, and so the attention map, covers."""
        (top, left), (height, width) = self._crop()
        resized_height, resized_width = self.input_spec.context_resize
        x0, x1 = (round(c * image_width / resized_width) for c in (left, left + width))
        y0, y1 = (round(r * image_height / resized_height) for r in (top, top + height))
        return Region(x0, y0, x1 - x0, y1 - y0)

    def _crop(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return self.input_spec.context_crop_offset, self.input_spec.context_crop


def _edges(regions: Sequence[Region], device: torch.device) -> Tensor:
    """x, y, width and height of each region: (N, 4) float64."""
    values = [(float(r.x), float(r.y), float(r.width), float(r.height)) for r in regions]
    edges = torch.tensor(values, dtype=torch.float64).view(-1, 4)
    return edges.to(device, non_blocking=True)


def _centres(length: int, resized: int, crop: slice, device: torch.device) -> Tensor:
    """Where the centres of resized pixels lie in the source, in its pixels: (n,) float64."""
    steps = torch.arange(resized, dtype=torch.float64, device=device)[crop] + 0.5
    return steps * (length / resized)


def _resampled(image: Tensor, rows: _Taps, columns: _Taps) -> Tensor:
    pixels = torch.stack(
        [
            _read(image, of_rows, of_columns)
            for of_rows, of_columns in zip(rows.indices, columns.indices, strict=True)
        ]
    )
    return _interpolate(pixels, rows.weight, columns.weight)


def _visible(masks: Sequence[Sequence[Region]], rows: Tensor, columns: Tensor) -> Tensor:
    """1 where a tap lies in none of the regions of its context, else 0: (N, 2h, 2w, 1) uint8."""
    count = max(map(len, masks))
    nothing = Region(-1, -1, 0, 0)
    padded = [region for mask in masks for region in [*mask, *[nothing] * (count - len(mask))]]
    x, y, width, height = _edges(padded, rows.device).view(len(masks), count, 4).unbind(2)
    in_rows = (rows >= y[..., None]) & (rows < (y + height)[..., None])
    in_columns = (columns >= x[..., None]) & (columns < (x + width)[..., None])
    hidden = (in_rows[..., :, None] & in_columns[..., None, :]).any(dim=1)
    return (~hidden).to(torch.uint8)[..., None]
