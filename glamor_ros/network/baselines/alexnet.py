"""AlexNet with torchvision's parameter names.

torchvision has the network of one column (Krizhevsky, 2014), with 64, 192, 384, 256 and 256
channels, not the two halves of Krizhevsky et al. (2012).
"""

from __future__ import annotations

from torch import Tensor, nn

from ..encoders import ImageNetEncoder


class AlexNetEncoder(ImageNetEncoder):
    """AlexNet up to its last hidden layer: (N, 3, 224, 224) becomes (N, 4096, 1, 1)."""

    out_channels = 4096
    head = ("classifier.6.",)

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(256 * 6 * 6, self.out_channels),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(self.out_channels, self.out_channels),
            nn.ReLU(inplace=True),
        )

    def feature_map(self, normalized: Tensor) -> Tensor:
        pooled = self.avgpool(self.features(normalized))
        hidden: Tensor = self.classifier(pooled.flatten(1))
        return hidden[:, :, None, None]
