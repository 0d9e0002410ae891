"""EfficientFace (Zhao, Liu and Zhou, AAAI 2021) with the parameter names of its released code.

A ShuffleNetV2 of width 1 whose first convolution has 29 channels in place of 24. After its first
stage the features are modulated by channel and place, and local features of the face's four
quarters are added to them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..encoders import PretrainedEncoder
from .face_quarters import quarters, reassembled

_STEM_CHANNELS = 29
_STAGES = ((116, 4), (232, 8), (464, 4))
_GATE_REDUCTION = 16
_GATE_DILATION = 4


def _depthwise(channels: int, out_channels: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(channels, out_channels, 3, stride, padding=1, groups=channels, bias=False)


def _pointwise(channels: int, out_channels: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    ]


class ShuffleUnit(nn.Module):
    """ShuffleNetV2's unit (Ma et al., 2018): half of the channels pass, all are then interleaved.

    With the stride 2 both halves are made of all channels.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        half = out_channels // 2
        self._passes = stride == 1
        if not self._passes:
            self.branch1 = nn.Sequential(
                _depthwise(in_channels, in_channels, stride),
                nn.BatchNorm2d(in_channels),
                *_pointwise(in_channels, half),
            )
        self.branch2 = nn.Sequential(
            *_pointwise(half if self._passes else in_channels, half),
            _depthwise(half, half, stride),
            nn.BatchNorm2d(half),
            *_pointwise(half, half),
        )

    def forward(self, features: Tensor) -> Tensor:
        if self._passes:
            passed, changed = features.chunk(2, dim=1)
        else:
            passed, changed = self.branch1(features), features
        joined = torch.stack([passed, self.branch2(changed)], dim=2)
        return joined.flatten(1, 2)


class LocalFeatures(nn.Module):
    """Depthwise convolutions of each quarter of the map by itself (the paper's section 3.2).

    (N, C, H, W) becomes (N, C', H/2, W/2).
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        for quarter in range(1, 5):
            for index, (channels, stride) in enumerate([(in_channels, 2), (out_channels, 1)], 1):
                self.add_module(
                    f"conv{quarter}_{index}", _depthwise(channels, out_channels, stride)
                )
                self.add_module(f"bn{quarter}_{index}", nn.BatchNorm2d(out_channels))

    def forward(self, features: Tensor) -> Tensor:
        upper_left, upper_right, lower_left, lower_right = quarters(features)
        # The released code counts down the columns.
        changed = [
            self._quarter(number, quarter)
            for number, quarter in enumerate(
                (upper_left, lower_left, upper_right, lower_right), start=1
            )
        ]
        return reassembled(changed[0], changed[2], changed[1], changed[3])

    def _quarter(self, number: int, features: Tensor) -> Tensor:
        for index in (1, 2):
            convolution = self.get_submodule(f"conv{number}_{index}")
            features = torch.relu(self.get_submodule(f"bn{number}_{index}")(convolution(features)))
        return features


class ChannelGate(nn.Module):
    """The modulator's score of each channel, of its mean: (N, C, H, W) becomes (N, C, 1, 1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = channels // _GATE_REDUCTION
        self.gate_c = nn.Sequential()
        self.gate_c.add_module("gate_c_fc_0", nn.Linear(channels, hidden))
        self.gate_c.add_module("gate_c_bn_1", nn.BatchNorm1d(hidden))
        self.gate_c.add_module("gate_c_relu_1", nn.ReLU())
        self.gate_c.add_module("gate_c_fc_final", nn.Linear(hidden, channels))

    def forward(self, features: Tensor) -> Tensor:
        scores: Tensor = self.gate_c(features.mean(dim=(2, 3)))
        return scores[:, :, None, None]


class SpatialGate(nn.Module):
    """The modulator's score of each place: (N, C, H, W) becomes (N, 1, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = channels // _GATE_REDUCTION
        self.gate_s = nn.Sequential()

        def add(name: str, convolution: nn.Conv2d) -> None:
            self.gate_s.add_module(f"gate_s_conv_{name}", convolution)
            self.gate_s.add_module(f"gate_s_bn_{name}", nn.BatchNorm2d(hidden))
            self.gate_s.add_module(f"gate_s_relu_{name}", nn.ReLU())

        add("reduce0", nn.Conv2d(channels, hidden, 1))
        for index in range(2):
            add(
                f"di_{index}",
                nn.Conv2d(hidden, hidden, 3, padding=_GATE_DILATION, dilation=_GATE_DILATION),
            )
        self.gate_s.add_module("gate_s_conv_final", nn.Conv2d(hidden, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        scores: Tensor = self.gate_s(features)
        return scores


class Modulator(nn.Module):
    """The channel-spatial modulator: features times the sigmoid of both scores' product."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel_att = ChannelGate(channels)
        self.spatial_att = SpatialGate(channels)

    def forward(self, features: Tensor) -> Tensor:
        return features * torch.sigmoid(self.channel_att(features) * self.spatial_att(features))


class EfficientFaceEncoder(PretrainedEncoder):
    """EfficientFace as an encoder: (N, 3, 224, 224) becomes (N, 1024, 7, 7).

    Images are normalised as the released code does for CAER-S.
    """

    released_by = "EfficientFace's"
    out_channels = 1024
    head = ("fc.",)
    mean_rgb = (0.35964426, 0.22359873, 0.19040863)
    deviation_rgb = (0.15188067, 0.11678473, 0.1103445)

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, _STEM_CHANNELS, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(_STEM_CHANNELS),
            nn.ReLU(inplace=True),
        )
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        channels = _STEM_CHANNELS
        for number, (out_channels, units) in enumerate(_STAGES, start=2):
            later = [ShuffleUnit(out_channels, out_channels, 1) for _ in range(units - 1)]
            self.add_module(
                f"stage{number}", nn.Sequential(ShuffleUnit(channels, out_channels, 2), *later)
            )
            channels = out_channels
        modulated = _STAGES[0][0]
        self.local = LocalFeatures(_STEM_CHANNELS, modulated)
        self.modulator = Modulator(modulated)
        self.conv5 = nn.Sequential(*_pointwise(channels, self.out_channels))

    def feature_map(self, normalized: Tensor) -> Tensor:
        features = self.maxpool(self.conv1(normalized))
        features = self.modulator(self.get_submodule("stage2")(features)) + self.local(features)
        for name in ("stage3", "stage4", "conv5"):
            features = self.get_submodule(name)(features)
        return features
