"""Camera images to network inputs, as the released code prepares them.

Only the pixels that bilinear interpolation needs are read, so that the cost does not grow with the
image and no full image is copied: not to mask the faces, not to change the order of its channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import GlamorError
from ...network.input_spec import InputSpec
from ..geometry import Region

FloatImage = NDArray[np.float32]


class ImageError(GlamorError, ValueError):
    """An image has a shape or type that cannot be processed."""


def require_bgr_image(image: NDArray[np.uint8]) -> None:
    """Raises ImageError unless image is (H, W, 3) uint8 with at least one pixel."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ImageError(
            f"expected a BGR image of shape (height, width, 3) and type uint8, got shape "
            f"{image.shape} and type {image.dtype}"
        )


@dataclass(frozen=True)
class _Taps:
    """The two source positions of each output position along one axis, and the second's weight."""

    indices: NDArray[np.intp]
    weight: NDArray[np.float32]

    @classmethod
    def of(cls, start: int, length: int, resized: int, crop: slice) -> _Taps:
        """Half-pixel centres, no antialiasing, edges repeated (OpenCV's INTER_LINEAR)."""
        positions = (np.arange(resized)[crop] + 0.5) * (length / resized) - 0.5
        return cls._at(start + positions.clip(0, length - 1), start + length)

    @classmethod
    def around(cls, start: int, length: int, resized: int, margin: int, limit: int) -> _Taps:
        """As `of`, but margin more on each side; only what lies at limit or before 0 repeats."""
        positions = (np.arange(-margin, resized + margin) + 0.5) * (length / resized) - 0.5
        return cls._at((start + positions).clip(0, limit - 1), limit)

    @classmethod
    def _at(cls, positions: NDArray[np.float64], limit: int) -> _Taps:
        first = np.floor(positions).astype(np.intp)
        second = np.minimum(first + 1, limit - 1)
        return cls(np.concatenate([first, second]), (positions - first).astype(np.float32))

    def inside(self, start: int, length: int) -> NDArray[np.bool_]:
        return (self.indices >= start) & (self.indices < start + length)


def _interpolate(pixels: NDArray[np.uint8], rows: _Taps, columns: _Taps) -> FloatImage:
    """Pixels at all taps (2h, 2w, 3), BGR in 0..255, to (h, w, 3), RGB in [0, 1]."""
    height, width = len(rows.weight), len(columns.weight)
    values = pixels.astype(np.float32)
    values = values[:height] + (values[height:] - values[:height]) * rows.weight[:, None, None]
    left, right = values[:, :width], values[:, width:]
    values = left + (right - left) * columns.weight[:, None]
    return values[..., ::-1] * np.float32(1 / 255)


def _read(image: NDArray[np.uint8], rows: _Taps, columns: _Taps) -> NDArray[np.uint8]:
    # Two takes along one axis each are three times as fast as indexing both axes at once.
    return image.take(rows.indices, axis=0).take(columns.indices, axis=1)


@dataclass(frozen=True)
class Preprocessor:
    """Cuts and resizes what the network looks at, to the sizes of its input_spec."""

    input_spec: InputSpec

    def face(self, image_bgr: NDArray[np.uint8], face: Region) -> FloatImage:
        """The face's region, not empty, resized: (96, 96, 3), RGB in [0, 1]."""
        height, width = self.input_spec.face_size
        rows = _Taps.of(face.y, face.height, height, slice(None))
        columns = _Taps.of(face.x, face.width, width, slice(None))
        return _interpolate(_read(image_bgr, rows, columns), rows, columns)

    def face_with_margin(
        self, image_bgr: NDArray[np.uint8], face: Region, margin_px: int
    ) -> FloatImage:
        """The face with margin_px of the resized image's pixels around it, edges repeated.

        (96 + 2 margin_px, 96 + 2 margin_px, 3); inside the margin exactly what `face` gives.
        """
        height, width = self.input_spec.face_size
        image_height, image_width = image_bgr.shape[:2]
        rows = _Taps.around(face.y, face.height, height, margin_px, image_height)
        columns = _Taps.around(face.x, face.width, width, margin_px, image_width)
        surrounded = _interpolate(_read(image_bgr, rows, columns), rows, columns)
        inside = surrounded[margin_px : margin_px + height, margin_px : margin_px + width]
        # `face` does not look across the box's edge where it enlarges.
        inside[:] = self.face(image_bgr, face)
        return surrounded

    def contexts(
        self, image_bgr: NDArray[np.uint8], masks: Sequence[Sequence[Region]]
    ) -> FloatImage:
        """One context for each list of regions to set to zero: (N, 112, 112, 3), RGB in [0, 1].

        Nothing is read for no list.
        """
        (top, left), (height, width) = self._crop()
        contexts = np.empty((len(masks), height, width, 3), np.float32)
        if not masks:
            return contexts
        resized_height, resized_width = self.input_spec.context_resize
        rows = _Taps.of(0, image_bgr.shape[0], resized_height, slice(top, top + height))
        columns = _Taps.of(0, image_bgr.shape[1], resized_width, slice(left, left + width))
        pixels = _read(image_bgr, rows, columns)
        for context, regions in zip(contexts, masks, strict=True):
            masked = pixels.copy()
            for region in regions:
                inside_rows = rows.inside(region.y, region.height)
                inside_columns = columns.inside(region.x, region.width)
                masked[np.ix_(inside_rows, inside_columns)] = 0
            context[:] = _interpolate(masked, rows, columns)
        return contexts

    def context_region(self, image_width: int, image_height: int) -> Region:
        """The part of the source image that the context, and so the attention map, covers."""
        (top, left), (height, width) = self._crop()
        resized_height, resized_width = self.input_spec.context_resize
        x0, x1 = (round(c * image_width / resized_width) for c in (left, left + width))
        y0, y1 = (round(r * image_height / resized_height) for r in (top, top + height))
        return Region(x0, y0, x1 - x0, y1 - y0)

    def _crop(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return self.input_spec.context_crop_offset, self.input_spec.context_crop
