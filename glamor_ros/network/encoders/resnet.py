"""ResNet-18 and ResNet-50 (He et al., 2016) with torchvision's parameter names."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import relu

from .pretrained import ImageNetEncoder, initialize_as_torchvision


def downsampling(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """What brings a block's input to the shape of its output; nothing where they agree."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
    )


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
        self.downsample = downsampling(in_channels, out_channels, stride)

    def forward(self, features: Tensor) -> Tensor:
        inner = relu(self.bn1(self.conv1(features)), inplace=True)
        return relu(self.bn2(self.conv2(inner)) + self.downsample(features), inplace=True)


class BottleneckBlock(nn.Module):
    """A 3x3 convolution on a quarter of the channels, around which the input is added.

    (N, C, H, W) becomes (N, C', H/s, W/s) with the stride s, which, as in torchvision, is the 3x3
    convolution's; in the paper it is the first one's.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        width = out_channels // 4
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.downsample = downsampling(in_channels, out_channels, stride)

    def forward(self, features: Tensor) -> Tensor:
        inner = relu(self.bn1(self.conv1(features)), inplace=True)
        inner = relu(self.bn2(self.conv2(inner)), inplace=True)
        return relu(self.bn3(self.conv3(inner)) + self.downsample(features), inplace=True)


Block = Callable[[int, int, int], nn.Module]


def residual_stage(
    block: Block, in_channels: int, out_channels: int, blocks: int, stride: int
) -> nn.Sequential:
    """A stage of blocks, the first of which changes the shape.

    Args:
        block: Makes a block of its channels before, its channels after and its stride.
        in_channels: The channels before the stage.
        out_channels: The channels after each block.
        blocks: The number of blocks.
        stride: The stride of the first.
    """
    later = [block(out_channels, out_channels, 1) for _ in range(blocks - 1)]
    return nn.Sequential(block(in_channels, out_channels, stride), *later)


class _ResNetEncoder(ImageNetEncoder):
    head = ("fc.",)

    def __init__(self, block: Block, blocks: tuple[int, ...], channels: tuple[int, ...]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = residual_stage(block, 64, channels[0], blocks[0], stride=1)
        self.layer2 = residual_stage(block, channels[0], channels[1], blocks[1], stride=2)
        self.layer3 = residual_stage(block, channels[1], channels[2], blocks[2], stride=2)
        self.layer4 = residual_stage(block, channels[2], channels[3], blocks[3], stride=2)
        initialize_as_torchvision(self)

    def feature_map(self, normalized: Tensor) -> Tensor:
        features: Tensor = self.maxpool(relu(self.bn1(self.conv1(normalized)), inplace=True))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            features = stage(features)
        return features


class ResNet18Encoder(_ResNetEncoder):
    """ResNet-18 as an encoder.

    (N, 3, 96, 96) becomes (N, 512, 3, 3), (N, 3, 112, 112) becomes (N, 512, 4, 4).
    """

    out_channels = 512

    def __init__(self) -> None:
        super().__init__(BasicBlock, (2, 2, 2, 2), (64, 128, 256, 512))


class ResNet50Encoder(_ResNetEncoder):
    """ResNet-50 as an encoder: (N, 3, 224, 224) becomes (N, 2048, 7, 7)."""

    out_channels = 2048

    def __init__(self) -> None:
        super().__init__(BottleneckBlock, (3, 4, 6, 3), (256, 512, 1024, 2048))
