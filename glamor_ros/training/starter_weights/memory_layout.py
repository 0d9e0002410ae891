"""The order of values in memory in which convolutions are fast on a processor."""

from __future__ import annotations

import torch
from torch import Tensor


def packed(images: Tensor) -> Tensor:
    """The same images in channels_last memory, (N, C, H, W) as N, H, W, C."""
    return images.contiguous(memory_format=torch.channels_last)
