"""MA-Net (Zhao, Liu and Wang, IEEE TIP 2021) with the parameter names of its released code.

The first half of a ResNet-18, then two branches: a local one, in which each quarter of the map goes
through a second half of its own, with attention, and a global one with convolutions at several
scales. Both are classified, and their decisions are added.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ..encoders import PretrainedEncoder
from ..encoders.pretrained import initialize_as_torchvision
from ..encoders.resnet import BasicBlock, downsampling, residual_stage
from .face_quarters import quarters, reassembled

BRANCH_CHANNELS = 512
# Of the decisions of the local and the global branch: β and 1 - β of the released code.
BRANCH_WEIGHTS = (0.6, 0.4)
_SCALES = 4
_GATE_REDUCTION = 16


class MultiScaleBlock(nn.Module):
    """A residual block that covers several scales (the paper's multi-scale module).

    A quarter of the channels after the other goes through a convolution of its own, which also
    sees the result of the quarter before; once upwards, once downwards.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        width = out_channels // _SCALES
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        for direction in (1, 2):
            for scale in range(1, _SCALES + 1):
                self.add_module(
                    f"conv{direction}_2_{scale}", nn.Conv2d(width, width, 3, padding=1, bias=False)
                )
                self.add_module(f"bn{direction}_2_{scale}", nn.BatchNorm2d(width))
        self.downsample = downsampling(in_channels, out_channels, stride)

    def forward(self, features: Tensor) -> Tensor:
        parts = relu(self.bn1(self.conv1(features))).chunk(_SCALES, dim=1)
        inner = self._cascade(parts, 1, range(_SCALES)) + self._cascade(
            parts, 2, range(_SCALES - 1, -1, -1)
        )
        return relu(inner + self.downsample(features), inplace=True)

    def _cascade(self, parts: tuple[Tensor, ...], direction: int, order: range) -> Tensor:
        results: dict[int, Tensor] = {}
        before: Tensor | None = None
        for index in order:
            part = parts[index] if before is None else relu(before) + parts[index]
            convolution = self.get_submodule(f"conv{direction}_2_{index + 1}")
            before = self.get_submodule(f"bn{direction}_2_{index + 1}")(convolution(part))
            results[index] = before
        return torch.cat([results[index] for index in range(_SCALES)], dim=1)


class ChannelGate(nn.Module):
    """CBAM's channel attention (Woo et al., 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = channels // _GATE_REDUCTION
        self.mlp = nn.Sequential(
            nn.Flatten(), nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels)
        )

    def forward(self, features: Tensor) -> Tensor:
        scores = self.mlp(features.mean(dim=(2, 3))) + self.mlp(features.amax(dim=(2, 3)))
        return features * torch.sigmoid(scores)[:, :, None, None]


class SpatialGate(nn.Module):
    """CBAM's spatial attention: a 7x7 convolution of the channels' largest value and mean."""

    def __init__(self) -> None:
        super().__init__()
        self.spatial = nn.Sequential()
        self.spatial.add_module("conv", nn.Conv2d(2, 1, 7, padding=3, bias=False))
        self.spatial.add_module("bn", nn.BatchNorm2d(1, momentum=0.01))

    def forward(self, features: Tensor) -> Tensor:
        pooled = torch.cat(
            [features.amax(dim=1, keepdim=True), features.mean(dim=1, keepdim=True)], dim=1
        )
        return features * torch.sigmoid(self.spatial(pooled))


class AttentionBlock(BasicBlock):
    """A residual block whose result goes through CBAM before the input is added."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__(in_channels, out_channels, stride)
        self.cbam = nn.Sequential()
        self.cbam.add_module("ChannelGate", ChannelGate(out_channels))
        self.cbam.add_module("SpatialGate", SpatialGate())

    def forward(self, features: Tensor) -> Tensor:
        inner = relu(self.bn1(self.conv1(features)), inplace=True)
        inner = self.cbam(self.bn2(self.conv2(inner)))
        return relu(inner + self.downsample(features), inplace=True)


class MANetEncoder(PretrainedEncoder):
    """MA-Net as an encoder: (N, 3, 224, 224) becomes (N, 1024, 1, 1).

    The first 512 channels are the means of the local branch, the others of the global one. Images
    are taken as they are.
    """

    released_by = "MA-Net's"
    out_channels = 2 * BRANCH_CHANNELS
    head = ("fc_1.", "fc_2.")
    mean_rgb = (0.0, 0.0, 0.0)
    deviation_rgb = (1.0, 1.0, 1.0)

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = residual_stage(BasicBlock, 64, 64, blocks=2, stride=1)
        self.layer2 = residual_stage(BasicBlock, 64, 128, blocks=2, stride=2)
        for quarter in range(1, 5):
            self.add_module(
                f"layer3_1_p{quarter}", residual_stage(AttentionBlock, 128, 256, 2, stride=2)
            )
            self.add_module(
                f"layer4_1_p{quarter}",
                residual_stage(AttentionBlock, 256, BRANCH_CHANNELS, 2, stride=1),
            )
        self.layer3_2 = residual_stage(MultiScaleBlock, 128, 256, 2, stride=2)
        self.layer4_2 = residual_stage(MultiScaleBlock, 256, BRANCH_CHANNELS, 2, stride=2)
        initialize_as_torchvision(self)

    def feature_map(self, normalized: Tensor) -> Tensor:
        features = self.maxpool(relu(self.bn1(self.conv1(normalized)), inplace=True))
        features = self.layer2(self.layer1(features))
        local = reassembled(
            *(self._quarter(number, part) for number, part in enumerate(quarters(features), 1))
        )
        whole = self.layer4_2(self.layer3_2(features))
        # The branches' maps are of different sizes.
        means = [branch.mean(dim=(2, 3), keepdim=True) for branch in (local, whole)]
        return torch.cat(means, dim=1)

    def _quarter(self, number: int, features: Tensor) -> Tensor:
        for layer in ("layer3_1", "layer4_1"):
            features = self.get_submodule(f"{layer}_p{number}")(features)
        return features
