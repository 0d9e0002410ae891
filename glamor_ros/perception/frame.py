"""One image of one camera, on its way through detection and recognition."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import GlamorError
from .geometry import Box


class ImageError(GlamorError, ValueError):
    """An image has a shape or type that cannot be processed."""


class StampError(GlamorError, ValueError):
    """A frame's stamp is no time."""


def require_bgr_image(image: NDArray[np.uint8]) -> None:
    """Check that an image can be processed.

    Raises:
        ImageError: It is not (H, W, 3) uint8 with at least one pixel.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ImageError(
            f"expected a BGR image of shape (height, width, 3) and type uint8, got shape "
            f"{image.shape} and type {image.dtype}"
        )


def require_stamp(stamp_s: float) -> None:
    """Check that a stamp can be a frame's.

    Raises:
        StampError: It is negative or not finite.
    """
    if not (math.isfinite(stamp_s) and stamp_s >= 0):
        raise StampError(
            f"a frame's stamp must be a finite number of seconds, 0 or more, got {stamp_s}; look "
            "at the clock of the camera's driver"
        )


@dataclass(frozen=True, eq=False)
class Frame:
    """An image with the time at which a camera took it.

    Attributes:
        bgr: (H, W, 3) uint8, contiguous or not.
        stamp_s: When the image was taken, in seconds of the camera's clock.
        camera: The camera's name; cameras are told apart by it.
        skipped: How many images of the camera came after its last frame and were not looked at, for
            lack of time.
    """

    bgr: NDArray[np.uint8]
    stamp_s: float = 0.0
    camera: str = ""
    skipped: int = 0
    _uploads: dict[torch.device, torch.Tensor] = field(default_factory=dict, init=False, repr=False)

    @property
    def width(self) -> int:
        """Columns of the image."""
        return int(self.bgr.shape[1])

    @property
    def height(self) -> int:
        """Rows of the image."""
        return int(self.bgr.shape[0])

    def on(self, device: torch.device) -> torch.Tensor:
        """The pixels as a tensor (H, W, 3) uint8, brought to the device once.

        On the processor the tensor shares the image's memory where that is contiguous.
        """
        if device not in self._uploads:
            # Writable: PyTorch warns of read-only memory, such as that of a received message.
            pixels = np.require(self.bgr, requirements=["C", "W"])
            self._uploads[device] = torch.from_numpy(pixels).to(device, non_blocking=True)
        return self._uploads[device]


@dataclass(frozen=True, eq=False)
class Scene:
    """A frame with the faces in it whose emotions are asked for.

    Attributes:
        frame: The image.
        boxes: Face boxes in pixels of the image; each must hold at least one pixel of it.
    """

    frame: Frame
    boxes: tuple[Box, ...]
