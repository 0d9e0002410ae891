"""What every encoder is."""

from __future__ import annotations

from torch import nn


class Encoder(nn.Module):
    """Images (N, 3, H, W), RGB in [0, 1], to feature maps (N, out_channels, H', W')."""

    out_channels: int
