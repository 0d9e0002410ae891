"""A face in a photograph that takes on other expressions: the photograph is warped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .pictures import BgrImage


@dataclass(frozen=True)
class Pull:
    """A part of a photograph that moves, the most in its middle (Gaussian), in pixels.

    Attributes:
        x: Of the middle.
        y: Of the middle.
        spread_x: The standard deviation from left to right.
        spread_y: The standard deviation from top to bottom.
        dx: How far the middle moves to the right at strength 1.
        dy: How far the middle moves down at strength 1.
    """

    x: float
    y: float
    spread_x: float
    spread_y: float
    dx: float
    dy: float


@dataclass(frozen=True)
class Paint:
    """A part of a photograph that another colour covers.

    Attributes:
        outline: Its corners (x, y), in pixels.
        bgr: The colour, each from 0 to 255.
    """

    outline: Sequence[tuple[float, float]]
    bgr: tuple[int, int, int]


@dataclass(frozen=True)
class Face:
    """What moves in the face of a photograph, and what is painted there.

    Attributes:
        left: Of the part of the photograph that all lies in, in pixels, as the other edges.
        top: Its top.
        right: Its right edge, not included.
        bottom: Its bottom, not included.
        movements: What is pulled together, by a name.
        paints: What is painted, by a name.
    """

    left: int
    top: int
    right: int
    bottom: int
    movements: Mapping[str, Sequence[Pull]]
    paints: Mapping[str, Paint]


Expression = Mapping[str, float]
"""The strength of each movement (any number) and paint (0 to 1) of a face; 0 if not named."""


class WarpedFace:
    """A photograph whose face takes on expressions.

    Args:
        photograph: (H, W, 3), uint8, BGR.
        face: The face in it.
    """

    def __init__(self, photograph: BgrImage, face: Face) -> None:
        self._photograph = photograph
        self._part = (slice(face.top, face.bottom), slice(face.left, face.right))
        rows, columns = np.mgrid[self._part].astype(np.float32)
        self._movements = {
            name: _displacement(pulls, columns, rows) for name, pulls in face.movements.items()
        }
        self._paints = {
            name: (_coverage(paint, self._part), np.array(paint.bgr, np.float32))
            for name, paint in face.paints.items()
        }
        self._grid = np.stack([columns - face.left, rows - face.top])

    def showing(self, expression: Expression) -> BgrImage:
        """The photograph with this expression, (H, W, 3), uint8, BGR."""
        part = self._photograph[self._part].astype(np.float32)
        for name, (coverage, bgr) in self._paints.items():
            part += expression.get(name, 0.0) * coverage * (bgr - part)
        source_x, source_y = self._grid - sum(
            np.float32(expression.get(name, 0.0)) * displacement
            for name, displacement in self._movements.items()
        )
        warped = cv2.remap(
            part.astype(np.uint8),
            source_x,
            source_y,
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        image = self._photograph.copy()
        image[self._part] = warped
        return image


def between(one: Expression, other: Expression, share: float) -> Expression:
    """The expression on the way from one to the other.

    Args:
        one: Where the way begins.
        other: Where it ends.
        share: How much of the way is done, from 0 to 1.
    """
    return {
        name: (1 - share) * one.get(name, 0.0) + share * other.get(name, 0.0)
        for name in {**one, **other}
    }


def _displacement(
    pulls: Sequence[Pull], columns: NDArray[np.float32], rows: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How far each pixel moves at strength 1, (2, H, W): to the right and down."""
    total = np.zeros((2, *columns.shape), np.float32)
    for pull in pulls:
        distance = ((columns - pull.x) / pull.spread_x) ** 2 + (
            (rows - pull.y) / pull.spread_y
        ) ** 2
        total += np.array([pull.dx, pull.dy], np.float32)[:, None, None] * np.exp(-distance / 2)
    return total


def _coverage(paint: Paint, part: tuple[slice, slice]) -> NDArray[np.float32]:
    """How much of each pixel is painted, (H, W, 1), from 0 to 1; the edge is soft."""
    rows, columns = part
    mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    corners = np.array(paint.outline) - (columns.start, rows.start)
    # fillPoly takes the corners in sixteenths of a pixel.
    in_sixteenths = np.round(corners * 16).astype(np.int32)
    cv2.fillPoly(mask, [in_sixteenths], 255, lineType=cv2.LINE_AA, shift=4)
    coverage = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1.0)
    return np.asarray(coverage[..., None], np.float32)
