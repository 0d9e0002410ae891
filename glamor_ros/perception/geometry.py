"""Boxes and regions in image pixels, x to the right, y downwards; positions before the camera."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """Whole pixels inside an image: columns x to x+width-1, rows y to y+height-1."""

    x: int
    y: int
    width: int
    height: int

    @property
    def is_empty(self) -> bool:
        return self.width <= 0 or self.height <= 0


@dataclass(frozen=True)
class Box:
    """Edges in pixels, right and bottom not included; may reach beyond the image."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def scaled(self, scale: float) -> Box:
        """The box with its sides multiplied by scale, about its centre."""
        if scale == 1.0:
            return self
        (x, y), half_width, half_height = self.center, self.width / 2, self.height / 2
        return Box(
            x - half_width * scale,
            y - half_height * scale,
            x + half_width * scale,
            y + half_height * scale,
        )

    def clipped(self, image_width: int, image_height: int) -> Region:
        """The whole pixels of the box that lie in the image, edges rounded; empty if none do."""
        left = min(max(round(self.left), 0), image_width)
        top = min(max(round(self.top), 0), image_height)
        right = min(max(round(self.right), left), image_width)
        bottom = min(max(round(self.bottom), top), image_height)
        return Region(left, top, right - left, bottom - top)

    def visible_fraction(self, image_width: int, image_height: int) -> float:
        """How much of the box lies in the image, 0 to 1."""
        return intersection_area(self, Box(0, 0, image_width, image_height)) / self.area


@dataclass(frozen=True)
class Position:
    """A place in metres in a camera's optical frame: x to the right, y down, z ahead (REP-103)."""

    x: float
    y: float
    z: float


@dataclass(frozen=True)
class Similarity:
    """A shift, turn and change of size of the plane: what a camera's movement does to its image.

    A point (x, y) goes to (cos_part x - sin_part y + shift_x_px, sin_part x + cos_part y +
    shift_y_px).

    Attributes:
        cos_part: The scale times the cosine of the angle.
        sin_part: The scale times the sine of the angle.
        shift_x_px: To the right.
        shift_y_px: Downwards.
    """

    cos_part: float = 1.0
    sin_part: float = 0.0
    shift_x_px: float = 0.0
    shift_y_px: float = 0.0

    @property
    def scale(self) -> float:
        """By how much lengths grow; 1 leaves them as they are."""
        return math.hypot(self.cos_part, self.sin_part)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point goes."""
        return (
            self.cos_part * x - self.sin_part * y + self.shift_x_px,
            self.sin_part * x + self.cos_part * y + self.shift_y_px,
        )


IDENTITY = Similarity()


def intersection_area(a: Box, b: Box) -> float:
    """In square pixels; 0 where the boxes do not meet."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    return max(width, 0.0) * max(height, 0.0)


def intersection_over_union(a: Box, b: Box) -> float:
    """In [0, 1]; 0 where the boxes do not meet."""
    shared = intersection_area(a, b)
    return shared / (a.area + b.area - shared) if shared else 0.0


def distance_intersection_over_union(a: Box, b: Box) -> float:
    """In (-1, 1]: 1 for equal boxes, falling on with their distance where they do not meet.

    The intersection over union, less the squared distance of the centres in diagonals of the
    smallest box around both (Zheng et al., Distance-IoU Loss, AAAI 2020, eq. 7).
    """
    width = max(a.right, b.right) - min(a.left, b.left)
    height = max(a.bottom, b.bottom) - min(a.top, b.top)
    (ax, ay), (bx, by) = a.center, b.center
    distance = ((ax - bx) ** 2 + (ay - by) ** 2) / (width**2 + height**2)
    return intersection_over_union(a, b) - distance
