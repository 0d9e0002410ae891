"""The networks that the paper compares with in Tables 2 and 3, as encoders with a linear layer.

AlexNet, VGG16 and ResNet-50 classify the whole image, faces visible, as do the baselines of Lee et
al. (2019), from whom the paper takes Table 2's; the paper itself does not say. Their ImageNet
weights stay as they are (`FROZEN_FAMILIES`) or are trained on. EfficientFace and MA-Net classify
the face. All were made for 224x224 pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..encoders import PretrainedEncoder
from ..encoders.resnet import ResNet50Encoder
from .alexnet import AlexNetEncoder
from .efficient_face import EfficientFaceEncoder
from .ma_net import BRANCH_CHANNELS, BRANCH_WEIGHTS, MANetEncoder
from .vgg16 import VGG16Encoder

__all__ = [
    "BASELINE_ENCODERS",
    "BASELINE_FAMILIES",
    "BRANCH_CHANNELS",
    "BRANCH_WEIGHTS",
    "FROZEN_FAMILIES",
    "AlexNetEncoder",
    "EfficientFaceEncoder",
    "MANetEncoder",
    "ResNet50Encoder",
    "VGG16Encoder",
]

_IMAGE_ENCODERS: Mapping[str, Callable[[], PretrainedEncoder]] = {
    "alexnet": AlexNetEncoder,
    "vgg16": VGG16Encoder,
    "resnet50": ResNet50Encoder,
}
_FACE_ENCODERS: Mapping[str, Callable[[], PretrainedEncoder]] = {
    "efficient_face": EfficientFaceEncoder,
    "ma_net": MANetEncoder,
}

BASELINE_ENCODERS = {**_IMAGE_ENCODERS, **_FACE_ENCODERS}

# By name, the families whose encoder is not trained.
FROZEN_FAMILIES: Mapping[str, Mapping[str, str]] = {
    f"frozen_{name}": {"encoder": name, "attention": "none", "classifier_inputs": "context"}
    for name in _IMAGE_ENCODERS
}
BASELINE_FAMILIES: Mapping[str, Mapping[str, str]] = {
    **{
        name: {"encoder": name, "attention": "none", "classifier_inputs": "context"}
        for name in _IMAGE_ENCODERS
    },
    **FROZEN_FAMILIES,
    **{name: {"encoder": name, "classifier_inputs": "face"} for name in _FACE_ENCODERS},
}
