"""ResNet-18 (He et al., 2016) with torchvision's parameter names."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import relu

from .imagenet import ImageNetEncoder, initialize_as_torchvision


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input is added.

    (N, C, H, W) becomes (N, C', H/s, W/s) with the stride s.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, features: Tensor) -> Tensor:
        inner = relu(self.bn1(self.conv1(features)), inplace=True)
        return relu(self.bn2(self.conv2(inner)) + self.downsample(features), inplace=True)


def _stage(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        BasicBlock(in_channels, out_channels, stride), BasicBlock(out_channels, out_channels, 1)
    )


class ResNet18Encoder(ImageNetEncoder):
    """ResNet-18 as an encoder.

    (N, 3, 96, 96) becomes (N, 512, 3, 3), (N, 3, 112, 112) becomes (N, 512, 4, 4).
    """

    out_channels = 512
    head = ("fc.",)

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = _stage(64, 64, stride=1)
        self.layer2 = _stage(64, 128, stride=2)
        self.layer3 = _stage(128, 256, stride=2)
        self.layer4 = _stage(256, self.out_channels, stride=2)
        initialize_as_torchvision(self)

    def feature_map(self, normalized: Tensor) -> Tensor:
        features: Tensor = self.maxpool(relu(self.bn1(self.conv1(normalized)), inplace=True))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            features = stage(features)
        return features
