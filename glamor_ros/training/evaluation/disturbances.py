"""What cameras, detectors and people do to faces, and the crops of a data set do not show.

They work on prepared faces, RGB (N, 3, h, w) in [0, 1], and draw nothing at random but noise, whose
seed is fixed: the same faces are disturbed in the same way in every measurement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Disturbance = Callable[[Tensor], Tensor]
_PictureChange = Callable[[NDArray[np.float32]], NDArray[np.float32]]
WARM_LIGHT = (1.15, 1.0, 0.75)
# Seen from 3 face widths, as a portrait is: nearer, a turned head is more distorted.
VIEWING_DISTANCE = 3.0
NOISE_SEED = 0
GREY = 0.5


def undisturbed(faces: Tensor) -> Tensor:
    """The faces, unchanged."""
    return faces


def mirrored(faces: Tensor) -> Tensor:
    """The faces with left and right exchanged."""
    return faces.flip(3)


def window(zoom: float, right: float = 0.0, down: float = 0.0) -> Disturbance:
    """A disturbance that sees faces in a wider and shifted box.

    What lies beyond the picture repeats its border.

    Args:
        zoom: The width of the box, in widths of the face's own box.
        right: How far the box is moved to the right, in parts of its side.
        down: How far the box is moved down, in parts of its side.
    """
    return _affine([[zoom, 0.0, 2 * right], [0.0, zoom, 2 * down]])


def tilted(angle_deg: float) -> Disturbance:
    """A disturbance that turns faces in the picture's plane, clockwise, about its centre."""
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return _affine([[cosine, sine, 0.0], [-sine, cosine, 0.0]])


def turned(angle_deg: float) -> Disturbance:
    """A disturbance that turns the picture of a face about its vertical axis, like a photograph.

    It stands in for a head that is turned away: the face gets narrower and one side smaller, but a
    flat picture hides none of it, and shows nothing of the side of the head. A head that is turned
    is recognized worse than this says.

    Args:
        angle_deg: How far, in (-90, 90); with positive angles the picture's right side is away.
    """
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))

    def apply(faces: Tensor) -> Tensor:
        height, width = faces.shape[2:]
        y, x = torch.meshgrid(_centres(height), _centres(width), indexing="ij")
        # The ray through (x, y) meets the turned picture there, in half sides about its centre.
        distance = 2 * VIEWING_DISTANCE
        across = distance * x / (distance * cosine - x * sine)
        down = y * (distance + across * sine) / distance
        grid = torch.stack([across, down], dim=2).expand(len(faces), -1, -1, -1)
        return functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)

    return apply


def low_resolution(size_px: int) -> Disturbance:
    """A disturbance that makes faces small and far away.

    Args:
        size_px: The height and width of the box on the camera's sensor.
    """

    def apply(faces: Tensor) -> Tensor:
        small = functional.interpolate(faces, (size_px, size_px), mode="area")
        return functional.interpolate(small, faces.shape[2:], mode="bilinear", align_corners=False)

    return apply


def blurred(sigma: float) -> Disturbance:
    """A disturbance that takes faces out of focus.

    Args:
        sigma: The standard deviation of the Gaussian, in parts of the box's side.
    """

    def apply(faces: Tensor) -> Tensor:
        sigma_px = sigma * faces.shape[3]
        return _picture_by_picture(faces, lambda image: cv2.GaussianBlur(image, (0, 0), sigma_px))

    return apply


def light(factor: float) -> Disturbance:
    """A disturbance that gives faces so many times the light; what is too bright turns white."""
    return lambda faces: (faces * factor).clamp(0, 1)


def warm_light(faces: Tensor) -> Tensor:
    """Faces that are lit by a lamp."""
    return (faces * torch.tensor(WARM_LIGHT).view(1, 3, 1, 1)).clamp(0, 1)


def noisy(deviation: float) -> Disturbance:
    """A disturbance that adds a sensor's noise, independent in each pixel and colour.

    Args:
        deviation: The standard deviation, in parts of the range from black to white.
    """

    def apply(faces: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(NOISE_SEED)
        noise = torch.randn(faces.shape, generator=generator)
        return (faces + deviation * noise).clamp(0, 1)

    return apply


def compressed(quality: int) -> Disturbance:
    """A disturbance that stores faces as JPEG.

    Args:
        quality: 1 to 100, as OpenCV takes it.
    """

    def through_jpeg(image: NDArray[np.float32]) -> NDArray[np.float32]:
        pixels = np.rint(image * 255).astype(np.uint8)
        encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        decoded = cast(NDArray[np.uint8], cv2.imdecode(encoded, cv2.IMREAD_COLOR))
        return np.divide(decoded, 255, dtype=np.float32)

    return lambda faces: _picture_by_picture(faces, through_jpeg)


def covered(top: float, bottom: float, left: float = 0.0, right: float = 1.0) -> Disturbance:
    """A disturbance that covers a part of faces with grey; edges in parts of the box's side."""

    def apply(faces: Tensor) -> Tensor:
        height, width = faces.shape[2:]
        result = faces.clone()
        rows = slice(round(top * height), round(bottom * height))
        columns = slice(round(left * width), round(right * width))
        result[:, :, rows, columns] = GREY
        return result

    return apply


def _affine(matrix: list[list[float]]) -> Disturbance:
    def apply(faces: Tensor) -> Tensor:
        expanded = torch.tensor(matrix).expand(len(faces), -1, -1)
        grid = functional.affine_grid(expanded, list(faces.shape), align_corners=False)
        return functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)

    return apply


def _centres(count: int) -> Tensor:
    """The centres of pixels, in half sides about the middle."""
    return (torch.arange(count) * 2 + 1) / count - 1


def _picture_by_picture(faces: Tensor, change: _PictureChange) -> Tensor:
    """Faces changed by OpenCV, which takes one picture (h, w, 3) at a time."""
    pictures = faces.permute(0, 2, 3, 1).contiguous().numpy()
    changed = np.stack([change(picture) for picture in pictures]).astype(np.float32)
    return torch.from_numpy(changed).permute(0, 3, 1, 2)


DISTURBANCES: Mapping[str, Disturbance] = {
    "box moved by 10 % to the right": window(1.0, right=0.1),
    "box moved by 10 % down": window(1.0, down=0.1),
    "box 15 % wider": window(1.15),
    "box 15 % narrower": window(0.85),
    "resolution of 32 px": low_resolution(32),
    "resolution of 24 px": low_resolution(24),
    "resolution of 16 px": low_resolution(16),
    "resolution of 12 px": low_resolution(12),
    "blurred, sigma 2 % of the box": blurred(0.02),
    "blurred, sigma 4 % of the box": blurred(0.04),
    "half the light": light(0.5),
    "double the light": light(2.0),
    "warm light": warm_light,
    "noise of 5 %": noisy(0.05),
    "noise of 10 %": noisy(0.1),
    "JPEG of quality 20": compressed(20),
    "tilted by 15 deg": tilted(15.0),
    "tilted by -15 deg": tilted(-15.0),
    "tilted by 30 deg": tilted(30.0),
    "tilted by -30 deg": tilted(-30.0),
    "turned by 30 deg (flat picture)": turned(30.0),
    "turned by 45 deg (flat picture)": turned(45.0),
    "eyes covered": covered(0.22, 0.48),
    "mouth covered": covered(0.64, 0.92),
}
"""By what is said of them in tables."""
