"""What a face looks like, to tell people apart who are seen in one place after another."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..geometry import Box

# With hair and collar, which differ more than faces do.
_SURROUNDINGS = 1.4
_SIDE_PX = 24
_BINS = 6
# How much of what was known before stays after a face has been seen again.
_MEMORY = 0.8


@dataclass(frozen=True, eq=False)
class Appearance:
    """The colours of a face and of what is close to it.

    Attributes:
        histogram: (_BINS ** 3,) float32, sums to 1, over blue, green and red.
    """

    histogram: NDArray[np.float32]

    def similarity(self, other: Appearance) -> float:
        """Bhattacharyya coefficient of the colours: 0 for no common one, 1 for the same ones."""
        return float(np.sqrt(self.histogram * other.histogram).sum())

    def updated(self, newer: Appearance) -> Appearance:
        """The face as it has looked lately."""
        return Appearance(_MEMORY * self.histogram + (1 - _MEMORY) * newer.histogram)


def appearance_of(image_bgr: NDArray[np.uint8], box: Box) -> Appearance | None:
    """What the face in a box looks like; None where the box holds no pixel of the image.

    Args:
        image_bgr: (H, W, 3) uint8.
        box: In pixels of the image; it may reach beyond that.
    """
    region = box.scaled(_SURROUNDINGS).clipped(image_bgr.shape[1], image_bgr.shape[0])
    if region.is_empty:
        return None
    rows = slice(region.y, region.y + region.height, max(region.height // _SIDE_PX, 1))
    columns = slice(region.x, region.x + region.width, max(region.width // _SIDE_PX, 1))
    sampled = np.ascontiguousarray(image_bgr[rows, columns])
    histogram = cv2.calcHist([sampled], [0, 1, 2], None, [_BINS] * 3, [0, 256] * 3).ravel()
    return Appearance((histogram / histogram.sum()).astype(np.float32))
