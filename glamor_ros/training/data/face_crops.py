"""Faces cut out of their pictures with what surrounds them, held in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ...perception.geometry import Box
from .samples import SettingsError


@dataclass(frozen=True)
class CropSettings:
    """The size at which faces are cut out.

    Attributes:
        side_px: Height and width of a crop.
        boxes_wide: How many times as wide as the detector's box a crop is, at least 1.
    """

    side_px: int = 144
    boxes_wide: float = 1.7

    def __post_init__(self) -> None:
        if self.side_px < 1:
            raise SettingsError(f"side_px is {self.side_px}; it must be at least 1")
        if self.boxes_wide < 1:
            raise SettingsError(f"boxes_wide is {self.boxes_wide}; it must be at least 1")


@dataclass(frozen=True)
class FaceCrops:
    """Square crops around faces.

    Attributes:
        images: (N, side, side, 1 or 3), uint8, grey or RGB.
        boxes: The boxes of D detectors in each crop: centre x and y and width, all in parts of the
            crop's side, (N, D, 3), float32; NaN where a detector found nothing, but not in all D.
            None where no detector was asked: each crop as a whole then is what the network is to
            see.
        distributions: The labels, (N, 7), float32, rows sum to 1.
        names: The name of each crop.
    """

    images: NDArray[np.uint8]
    boxes: NDArray[np.float32] | None
    distributions: NDArray[np.float32]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, places: NDArray[np.int64]) -> FaceCrops:
        """The crops at these places."""
        return replace(
            self,
            images=self.images[places],
            boxes=None if self.boxes is None else self.boxes[places],
            distributions=self.distributions[places],
            names=tuple(self.names[place] for place in places),
        )


def cut_face(
    image_bgr: NDArray[np.uint8], boxes: Sequence[Box | None], settings: CropSettings
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A crop around the first box that there is.

    Args:
        image_bgr: The picture, (H, W, 3); beyond it its border repeats.
        boxes: What each detector found, not None in all cases.
        settings: The size of the crop.

    Returns:
        The crop, (side, side, 3), RGB; and the boxes in it, (D, 3), as `FaceCrops` has them.
    """
    main = next(box for box in boxes if box is not None)
    (x, y), width_px = main.center, main.width * settings.boxes_wide
    left, top = x - width_px / 2, y - width_px / 2
    # What is made smaller is made softer first, so that fine lines do not turn into others.
    shrinks = width_px / settings.side_px
    if shrinks > 1.2:
        image_bgr = cv2.GaussianBlur(image_bgr, (0, 0), 0.4 * shrinks).astype(np.uint8)
    crop = window_of(image_bgr, x, y, width_px, settings.side_px)
    nothing = (np.nan, np.nan, np.nan)
    relative = [
        (
            (box.center[0] - left) / width_px,
            (box.center[1] - top) / width_px,
            box.width / width_px,
        )
        if box is not None
        else nothing
        for box in boxes
    ]
    return crop[..., ::-1].copy(), np.array(relative, np.float32)


def window_of(
    image: NDArray[np.uint8], center_x: float, center_y: float, width_px: float, side_px: int
) -> NDArray[np.uint8]:
    """A square window of a picture, resized bilinearly (half-pixel centres, no antialiasing).

    Args:
        image: (H, W, C); beyond it its border repeats.
        center_x: The window's centre in the picture, in pixels from its left edge.
        center_y: The same from its upper edge.
        width_px: The window's width in the picture.
        side_px: Height and width of the result.

    Returns:
        (side, side, C).
    """
    step = width_px / side_px
    matrix = np.array(
        [
            [step, 0, center_x - (width_px - step) / 2 - 0.5],
            [0, step, center_y - (width_px - step) / 2 - 0.5],
        ]
    )
    window = cv2.warpAffine(
        image,
        matrix,
        (side_px, side_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    # OpenCV drops the axis of a single channel.
    return window.reshape(side_px, side_px, image.shape[2]).astype(np.uint8, copy=False)
