"""The quarters of a face's feature map, which EfficientFace and MA-Net treat each by itself."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import GlamorError


class FaceTooSmallError(GlamorError, ValueError):
    """Faces of a size at which the feature map has no quarters."""


def quarters(features: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The quarters of a map (N, C, H, W): upper left, upper right, lower left, lower right.

    Where a side is odd, the middle belongs to the lower or the right quarter.

    Raises:
        FaceTooSmallError: A side has fewer than two cells.
    """
    height, width = features.shape[2:]
    if min(height, width) < 2:
        raise FaceTooSmallError(
            f"a feature map of {height}x{width} cells has no quarters; the face_size of the "
            "InputSpec is too small for this network, which is made for 224x224 pixels"
        )
    row, column = height // 2, width // 2
    return (
        features[:, :, :row, :column],
        features[:, :, :row, column:],
        features[:, :, row:, :column],
        features[:, :, row:, column:],
    )


def reassembled(
    upper_left: Tensor, upper_right: Tensor, lower_left: Tensor, lower_right: Tensor
) -> Tensor:
    """The map (N, C, H, W) that has these quarters."""
    upper = torch.cat([upper_left, upper_right], dim=3)
    lower = torch.cat([lower_left, lower_right], dim=3)
    return torch.cat([upper, lower], dim=2)
