"""The interface that all face detectors share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...errors import GlamorError
from ..frame import Frame
from ..geometry import Box, Region

MAX_UPSAMPLE = 4


class FaceDetectorError(GlamorError, ValueError):
    """A face detector cannot be built as asked, or cannot take the image it was given."""


@dataclass(frozen=True)
class FaceDetection:
    """One face that a detector has found.

    Attributes:
        box: In pixels of the image given; it may reach beyond that.
        score: The detector's own confidence: unbounded, comparable within one detector only.
        face_id: Whose face it is, where the detector follows faces itself; else None.
        turn: How far the head is turned to the side: how far the tip of the nose lies beside the
            middle of the eyes, along the line through them and in distances between them. 0 from
            the front, about 0.6 times the tangent of the angle. NaN: the detector finds no eyes.
    """

    box: Box
    score: float
    face_id: str | None = None
    turn: float = math.nan


class FaceDetector(Protocol):
    """Something that finds the faces in images."""

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        """The faces in each frame, the best score first.

        Args:
            frames: Images of any sizes, which may differ.

        Returns:
            One list for each frame, exactly as if the frame had been given alone.

        Raises:
            FaceDetectorError: An image has another shape or type, or is too small.
        """
        ...


@dataclass(frozen=True)
class SearchArea:
    """Where in an image, and among which sizes, faces are to be looked for.

    Attributes:
        centers: The pixels in which a face's centre may lie.
        min_size_px: The smallest side of a face's box that has to be found.
        max_size_px: The largest one.
    """

    centers: Region
    min_size_px: float
    max_size_px: float


@dataclass(frozen=True)
class Search:
    """The parts of one frame that are to be searched."""

    frame: Frame
    areas: tuple[SearchArea, ...]


class PartialFaceDetector(FaceDetector, Protocol):
    """A face detector that can be told where to look, at a cost that follows what it looks at."""

    def search(self, searches: Sequence[Search]) -> list[list[FaceDetection]]:
        """The faces in the areas of each frame, the best score first.

        A face whose centre and size lie in an area is found as `detect` finds it. Faces beside the
        areas may be found, too.

        Raises:
            FaceDetectorError: An image has another shape or type, or is too small.
        """
        ...

    def sweep(self, width: int, height: int) -> tuple[SearchArea, ...]:
        """Areas that cover everything that `detect` would look at, of about equal cost.

        Args:
            width: Of the image, in pixels.
            height: Of the image, in pixels.
        """
        ...


def box_of_inclusive_edges(left: float, top: float, right: float, bottom: float) -> Box:
    """The box of a rectangle whose right and bottom edges are inclusive pixels, as dlib's are.

    The last column and row are left out, as the paper's released code cuts faces out of images
    (`image[top:bottom, left:right]`); a box is never empty.
    """
    return Box(left, top, max(right, left + 1), max(bottom, top + 1))


def check_upsample(upsample: int) -> None:
    """Check how often an image is to be doubled before detection.

    Raises:
        FaceDetectorError: It is not in 0 to MAX_UPSAMPLE.
    """
    if not 0 <= upsample <= MAX_UPSAMPLE:
        raise FaceDetectorError(f"upsample must be 0 to {MAX_UPSAMPLE}, got {upsample}")


def check_frame(frame: Frame, min_side_px: int = 1) -> None:
    """Check that a detector can take a frame.

    Raises:
        FaceDetectorError: The image is not (height, width, 3) uint8, or a side is too short.
    """
    image_bgr = frame.bgr
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
