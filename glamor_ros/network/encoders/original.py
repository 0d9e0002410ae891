"""The base class of all encoders, and the paper's own encoder (section 3.2.1)."""

from __future__ import annotations

import itertools

from torch import Tensor, nn

KERAS_BATCH_NORM_EPSILON = 1e-3


class Encoder(nn.Module):
    """An encoder: images (N, 3, H, W), RGB in [0, 1], become maps (N, out_channels, H', W').

    Attributes:
        out_channels: The number of channels of the feature map.
    """

    out_channels: int


class ConvolutionBlock(nn.Module):
    """A 3x3 convolution with batch normalisation and ReLU: (N, C, H, W) becomes (N, C', H, W)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)
        self.normalization = nn.BatchNorm2d(out_channels, eps=KERAS_BATCH_NORM_EPSILON)

    def forward(self, features: Tensor) -> Tensor:
        # In place: at inference, fresh memory for each map costs as much as the convolutions.
        return nn.functional.relu(self.normalization(self.convolution(features)), inplace=True)


class OriginalEncoder(Encoder):
    """The paper's own encoder (Fig. 3): five blocks, 2x2 max-pooling between them.

    (N, 3, 96, 96) becomes (N, 256, 6, 6), (N, 3, 112, 112) becomes (N, 256, 7, 7).
    """

    out_channels = 256

    def __init__(self) -> None:
        super().__init__()
        channels = (3, 32, 64, 128, 256, self.out_channels)
        self.blocks = nn.ModuleList(
            ConvolutionBlock(before, after) for before, after in itertools.pairwise(channels)
        )

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.blocks[0](images)
        for block in self.blocks[1:]:
            features = block(nn.functional.max_pool2d(features, kernel_size=2))
        return features
