"""What cameras and detectors do to faces, and the crops of a data set do not show."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

Disturbance = Callable[[Tensor], Tensor]
LOW_RESOLUTION_PX = 24
WARM_LIGHT = (1.15, 1.0, 0.75)


def window(zoom: float, right: float = 0.0, down: float = 0.0) -> Disturbance:
    """A disturbance that sees faces (N, C, h, w) in a wider and shifted box.

    What lies beyond the picture repeats its border.

    Args:
        zoom: The width of the box, in widths of the face's own box.
        right: How far the box is moved to the right, in parts of its side.
        down: How far the box is moved down, in parts of its side.
    """
    row_x, row_y = [zoom, 0.0, 2 * right], [0.0, zoom, 2 * down]

    def apply(faces: Tensor) -> Tensor:
        matrix = torch.tensor([row_x, row_y]).expand(len(faces), -1, -1)
        grid = functional.affine_grid(matrix, list(faces.shape), align_corners=False)
        return functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)

    return apply


def low_resolution(faces: Tensor) -> Tensor:
    """Faces (N, C, h, w) as they look when they are small and far away."""
    small = functional.interpolate(faces, (LOW_RESOLUTION_PX, LOW_RESOLUTION_PX), mode="area")
    return functional.interpolate(small, faces.shape[2:], mode="bilinear", align_corners=False)


def warm_light(faces: Tensor) -> Tensor:
    """RGB faces (N, 3, h, w) in [0, 1], lit by a lamp."""
    return (faces * torch.tensor(WARM_LIGHT).view(1, 3, 1, 1)).clamp(0, 1)


def dim_light(faces: Tensor) -> Tensor:
    """Faces (N, C, h, w) in [0, 1] with half the light."""
    return faces * 0.5


DISTURBANCES: Mapping[str, Disturbance] = {
    "box moved by 10 % to the right": window(1.0, right=0.1),
    "box moved by 10 % down": window(1.0, down=0.1),
    "box 15 % wider": window(1.15),
    "box 15 % narrower": window(0.85),
    f"resolution of {LOW_RESOLUTION_PX} px": low_resolution,
    "warm light": warm_light,
    "half the light": dim_light,
}
