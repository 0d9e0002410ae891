"""A still photograph as a camera that moves about would see it."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from .pictures import BgrImage

# The three periods have no small common multiple: the path does not repeat for minutes.
_PAN_X_PERIOD_S = 7.0
_PAN_Y_PERIOD_S = 11.0
_ZOOM_PERIOD_S = 13.0
# The part of the largest possible view that is seen when the camera is nearest.
_NEAREST_VIEW = 0.9
# The part of the room around the view that it moves in, so that what is in the middle stays seen.
_USED_ROOM = 0.5

PictureAt = Callable[[float], BgrImage]
"""What gives a picture, (H, W, 3), uint8, BGR, at a time in seconds; always of the same size."""


class MovingPhotograph:
    """A view of a photograph that pans and zooms slowly, without end, the same in every run.

    Args:
        photograph: (H, W, 3), uint8, BGR; or what gives one at each time from the first view on.
        width: The width of the view in pixels; 0: as it follows from the photograph.
        height: The height of the view in pixels; 0: as it follows from the photograph.
        rate_hz: The rate at which the movement is timed.
    """

    def __init__(
        self,
        photograph: BgrImage | PictureAt,
        *,
        width: int = 0,
        height: int = 0,
        rate_hz: float,
    ) -> None:
        first = photograph(0.0) if callable(photograph) else photograph
        self._size = target_size(first, width, height)
        self._photograph = photograph if callable(photograph) else _reduced(first, *self._size)
        self._rate_hz = rate_hz
        self._count = 0

    @property
    def rate_hz(self) -> float:
        """The rate at which the movement is timed."""
        return self._rate_hz

    def read(self) -> BgrImage | None:
        """The next view."""
        time_s = self._count / self._rate_hz
        self._count += 1
        width, height = self._size
        photograph = self._photograph
        if callable(photograph):
            photograph = _reduced(photograph(time_s), width, height)
        photo_height, photo_width = photograph.shape[:2]
        largest = min(photo_width / width, photo_height / height)
        nearness = (1 - math.cos(2 * math.pi * time_s / _ZOOM_PERIOD_S)) / 2
        scale = largest * (1 - (1 - _NEAREST_VIEW) * nearness)
        room_x, room_y = photo_width - width * scale, photo_height - height * scale
        pan_x = math.sin(2 * math.pi * time_s / _PAN_X_PERIOD_S) * _USED_ROOM
        pan_y = math.sin(2 * math.pi * time_s / _PAN_Y_PERIOD_S) * _USED_ROOM
        left, top = room_x * (1 + pan_x) / 2, room_y * (1 + pan_y) / 2
        view_to_photograph = np.array([[scale, 0, left], [0, scale, top]])
        return cv2.warpAffine(
            photograph,
            view_to_photograph,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def close(self) -> None:
        """Do nothing: nothing is open."""


def target_size(image: BgrImage, width: int, height: int) -> tuple[int, int]:
    """The width and height at which to show an image; a size of 0 follows from the image.

    Args:
        image: (H, W, 3).
        width: The width in pixels, or 0.
        height: The height in pixels, or 0.
    """
    own_height, own_width = image.shape[:2]
    if not width and not height:
        return own_width, own_height
    if not height:
        return width, max(round(own_height * width / own_width), 1)
    return width or max(round(own_width * height / own_height), 1), height


def fitted(image: BgrImage, width: int, height: int) -> BgrImage:
    """The image at this size (see `target_size`); what sticks out after scaling is cut off."""
    width, height = target_size(image, width, height)
    own_height, own_width = image.shape[:2]
    if (own_width, own_height) == (width, height):
        return image
    scale = min(own_width / width, own_height / height)
    part_width, part_height = round(width * scale), round(height * scale)
    left, top = (own_width - part_width) // 2, (own_height - part_height) // 2
    part = image[top : top + part_height, left : left + part_width]
    interpolation = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    return cv2.resize(part, (width, height), interpolation=interpolation)


def _reduced(photograph: BgrImage, width: int, height: int) -> BgrImage:
    """The photograph, not much larger than needed, so that bilinear sampling does not flicker."""
    photo_height, photo_width = photograph.shape[:2]
    scale = max(width / photo_width, height / photo_height) / _NEAREST_VIEW
    if scale >= 1:
        return photograph
    size = (math.ceil(photo_width * scale), math.ceil(photo_height * scale))
    return cv2.resize(photograph, size, interpolation=cv2.INTER_AREA)
