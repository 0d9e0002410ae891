"""MobileNetV2 (Sandler et al., 2018) with torchvision's parameter names."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from .pretrained import ImageNetEncoder, initialize_as_torchvision


class _Stage(NamedTuple):
    expansion: int
    out_channels: int
    blocks: int
    stride: int


_STAGES = (
    _Stage(expansion=1, out_channels=16, blocks=1, stride=1),
    _Stage(expansion=6, out_channels=24, blocks=2, stride=2),
    _Stage(expansion=6, out_channels=32, blocks=3, stride=2),
    _Stage(expansion=6, out_channels=64, blocks=4, stride=2),
    _Stage(expansion=6, out_channels=96, blocks=3, stride=1),
    _Stage(expansion=6, out_channels=160, blocks=3, stride=2),
    _Stage(expansion=6, out_channels=320, blocks=1, stride=1),
)
_STEM_CHANNELS = 32


def _convolution(
    in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """A convolution with batch normalisation and ReLU6."""
    padding = (kernel_size - 1) // 2
    return nn.Sequential(
        nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False
        ),
        nn.BatchNorm2d(out_channels),
        nn.ReLU6(inplace=True),
    )


class InvertedResidual(nn.Module):
    """An inverted residual block: expand, filter each channel by itself, project.

    The input is added where the shapes agree.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = in_channels * expansion
        expand = [_convolution(in_channels, hidden, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *expand,
            _convolution(hidden, hidden, 3, stride=stride, groups=hidden),
            nn.Conv2d(hidden, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.is_residual = stride == 1 and in_channels == out_channels

    def forward(self, features: Tensor) -> Tensor:
        projected: Tensor = self.conv(features)
        return features + projected if self.is_residual else projected


class MobileNetV2Encoder(ImageNetEncoder):
    """MobileNetV2 as an encoder.

    (N, 3, 96, 96) becomes (N, 1280, 3, 3), (N, 3, 112, 112) becomes (N, 1280, 4, 4).
    """

    out_channels = 1280
    head = ("classifier.",)

    def __init__(self) -> None:
        super().__init__()
        channels = _STEM_CHANNELS
        layers: list[nn.Module] = [_convolution(3, channels, 3, stride=2)]
        for expansion, out_channels, blocks, first_stride in _STAGES:
            for block in range(blocks):
                stride = first_stride if block == 0 else 1
                layers.append(InvertedResidual(channels, out_channels, stride, expansion))
                channels = out_channels
        layers.append(_convolution(channels, self.out_channels, 1))
        self.features = nn.Sequential(*layers)
        initialize_as_torchvision(self)

    def feature_map(self, normalized: Tensor) -> Tensor:
        features: Tensor = self.features(normalized)
        return features
