"""The interface that all face detectors share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import GlamorError

MAX_UPSAMPLE = 4


class FaceDetectorError(GlamorError, ValueError):
    """A face detector cannot be built as asked, or cannot take the image it was given."""


@dataclass(frozen=True)
class FaceDetection:
    """One face: an inclusive rectangle in pixels of the image given; it may reach beyond that.

    `score` is the detector's own confidence: unbounded, comparable within one detector only.
    """

    left: int
    top: int
    right: int
    bottom: int
    score: float


class FaceDetector(Protocol):
    """Finds the faces in an image."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[FaceDetection]:
        """Faces in a BGR image (height, width, 3), uint8, contiguous or not; the best score first.

        Raises FaceDetectorError where the image has another shape or type, or is too small.
        """
        ...


def check_upsample(upsample: int) -> None:
    """Raises FaceDetectorError unless 0 <= upsample <= MAX_UPSAMPLE."""
    if not 0 <= upsample <= MAX_UPSAMPLE:
        raise FaceDetectorError(f"upsample must be 0 to {MAX_UPSAMPLE}, got {upsample}")


def check_image(image_bgr: NDArray[np.uint8], min_side_px: int = 1) -> None:
    """Raises FaceDetectorError unless the image is (height, width, 3) uint8 and large enough."""
    if not isinstance(image_bgr, np.ndarray):
        raise FaceDetectorError(f"the image must be a NumPy array, got {type(image_bgr).__name__}")
    if image_bgr.ndim != 3 or image_bgr.shape[2] != 3:
        raise FaceDetectorError(
            f"the image must have the shape (height, width, 3), got {image_bgr.shape}"
        )
    if image_bgr.dtype != np.uint8:
        raise FaceDetectorError(f"the image must be uint8 (0 to 255), got {image_bgr.dtype}")
    height, width = image_bgr.shape[:2]
    if min(height, width) < min_side_px:
        raise FaceDetectorError(
            f"the image is {width}x{height} px, but this detector needs at least "
            f"{min_side_px} px a side"
        )
