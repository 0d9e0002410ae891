"""Where people's heads are, from the size of their faces or from a depth image.

The position is that of the middle of the face, on its surface. A face's box tells the direction.
The distance is measured where there is a depth image, else estimated from the box's width, as if
every face were FACE_WIDTH_M wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .camera_model import CameraModel
from .geometry import Box, Position
from .people import PeopleInView, Person

# What a box of the detectors spans: the face from cheekbone to cheekbone (bizygomatic breadth),
# about 14.0 cm for men and 13.1 cm for women, with a standard deviation of 0.6 cm (Gordon et al.,
# 2012 Anthropometric Survey of U.S. Army Personnel). In the mean of four faces, the boxes of mmod
# were 2.1 times as wide as the eyes are apart (6.3 cm in the mean of adults), which gives the same.
FACE_WIDTH_M = 0.135

# Nearer and farther than this no camera on a robot measures a face's depth.
MIN_DEPTH_M, MAX_DEPTH_M = 0.1, 20.0
# Hair, background and shadows lie at the edges of a face's box.
_INNER_PART = 0.5
_MIN_VALID_PART = 0.2
_MIN_VALID_PIXELS = 4
_MAX_ASPECT_DIFFERENCE = 0.02


@dataclass(frozen=True, eq=False)
class DepthImage:
    """The depth of what an image shows, pixel for pixel, or in coarser or finer steps.

    Attributes:
        values: (H, W), whole or floating numbers, along the optical axis (REP-118). What is 0, not
            finite or out of range is not known.
        unit_m: What a value of 1 is in metres.
    """

    values: NDArray[np.generic]
    unit_m: float

    def fits(self, image_width: int, image_height: int) -> bool:
        """Whether it has an image's shape, though maybe not its size."""
        height, width = self.values.shape
        aspect = width * image_height / (height * image_width)
        return abs(aspect - 1) <= _MAX_ASPECT_DIFFERENCE

    def of_face(self, face: Box, image_width: int, image_height: int) -> float:
        """How far a face is along the optical axis, in metres.

        The median over the inner part of its box, which neither gaps nor what is seen beside the
        face move while they are less than half of it.

        Args:
            face: In pixels of the image.
            image_width: In pixels.
            image_height: In pixels.

        Returns:
            NaN where too little of the face's depth is known.
        """
        height, width = self.values.shape
        scale_x, scale_y = width / image_width, height / image_height
        inner = face.scaled(_INNER_PART)
        region = Box(
            inner.left * scale_x, inner.top * scale_y, inner.right * scale_x, inner.bottom * scale_y
        ).clipped(width, height)
        part = self.values[
            region.y : region.y + region.height, region.x : region.x + region.width
        ].astype(np.float64)
        depths_m = part * self.unit_m
        with np.errstate(invalid="ignore"):
            known_m = depths_m[(depths_m >= MIN_DEPTH_M) & (depths_m <= MAX_DEPTH_M)]
        if known_m.size < max(_MIN_VALID_PIXELS, _MIN_VALID_PART * depths_m.size):
            return math.nan
        return float(np.median(known_m))


def head_position(
    face: Box,
    camera: CameraModel,
    depth_m: float = math.nan,
    face_width_m: float = FACE_WIDTH_M,
) -> Position | None:
    """Where a head is, from the box of its face.

    Args:
        face: In pixels of the image, not cut off at its edges.
        camera: The image's geometry.
        depth_m: How far the face is along the optical axis; NaN: not known.
        face_width_m: How wide a face is taken to be where its depth is not known.

    Returns:
        None where the lens model says nothing about where in space the face is.
    """
    x, y = face.center
    # A box's edges lie between pixels, whose centres are whole numbers for the camera.
    row = y - 0.5
    left, middle, right = camera.directions(
        [(face.left - 0.5, row), (x - 0.5, row), (face.right - 0.5, row)]
    )
    if math.isnan(depth_m):
        angle = math.atan2(float(np.linalg.norm(np.cross(left, right))), float(left @ right))
        if not angle > 0:
            return None
        place = middle * (face_width_m / 2 / math.tan(angle / 2))
    else:
        place = middle * (depth_m / middle[2])
    if not np.isfinite(place).all():
        return None
    return Position(*(float(value) for value in place))


def face_depths_m(view: PeopleInView, depth: DepthImage) -> tuple[float, ...]:
    """How far the people's faces are along the optical axis, in metres; NaN: not known.

    Args:
        view: The people.
        depth: Of the same image.
    """
    return tuple(
        depth.of_face(_whole(person), view.image_width, view.image_height) for person in view.people
    )


def with_positions(
    view: PeopleInView,
    camera: CameraModel,
    depths_m: Sequence[float] | None = None,
    face_width_m: float = FACE_WIDTH_M,
) -> PeopleInView:
    """The people in an image, with the positions of their heads.

    Args:
        view: The people.
        camera: The image's geometry.
        depths_m: How far each one's face is along the optical axis; a face of unknown depth (NaN)
            gets the distance that its width tells. None: none is known.
        face_width_m: How wide a face is taken to be.
    """
    if depths_m is None:
        depths_m = (math.nan,) * len(view.people)
    people = tuple(
        replace(person, position=head_position(_whole(person), camera, depth_m, face_width_m))
        for person, depth_m in zip(view.people, depths_m, strict=True)
    )
    return replace(view, people=people)


def _whole(person: Person) -> Box:
    if person.whole_face is not None:
        return person.whole_face
    face = person.face
    return Box(face.x, face.y, face.x + face.width, face.y + face.height)
