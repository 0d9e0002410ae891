"""VGG16 (Simonyan and Zisserman, 2015) with torchvision's parameter names."""

from __future__ import annotations

from torch import Tensor, nn

from ..encoders import ImageNetEncoder
from ..encoders.pretrained import initialize_as_torchvision

# The channels of the 3x3 convolutions, by stage; each stage ends in a 2x2 max-pooling.
_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGG16Encoder(ImageNetEncoder):
    """VGG16 up to its last hidden layer: (N, 3, 224, 224) becomes (N, 4096, 1, 1)."""

    out_channels = 4096
    head = ("classifier.6.",)

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for stage in _STAGES:
            for out_channels in stage:
                layers += [nn.Conv2d(channels, out_channels, 3, padding=1), nn.ReLU(inplace=True)]
                channels = out_channels
            layers.append(nn.MaxPool2d(kernel_size=2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(channels * 7 * 7, self.out_channels),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(self.out_channels, self.out_channels),
            nn.ReLU(inplace=True),
            nn.Dropout(),
        )
        initialize_as_torchvision(self)

    def feature_map(self, normalized: Tensor) -> Tensor:
        pooled = self.avgpool(self.features(normalized))
        hidden: Tensor = self.classifier(pooled.flatten(1))
        return hidden[:, :, None, None]
