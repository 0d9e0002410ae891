"""Encoders: images to feature maps (paper, sections 3.2.1 and 4.3.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .mobilenet_v2 import MobileNetV2Encoder
from .original import KERAS_BATCH_NORM_EPSILON, ConvolutionBlock, Encoder, OriginalEncoder
from .pretrained import (
    EncoderWeightsError,
    ImageNetEncoder,
    PretrainedEncoder,
    load_pretrained_weights,
)
from .resnet import ResNet18Encoder

__all__ = [
    "ENCODERS",
    "KERAS_BATCH_NORM_EPSILON",
    "ConvolutionBlock",
    "Encoder",
    "EncoderWeightsError",
    "ImageNetEncoder",
    "MobileNetV2Encoder",
    "OriginalEncoder",
    "PretrainedEncoder",
    "ResNet18Encoder",
    "load_pretrained_weights",
]

ENCODERS: Mapping[str, Callable[[], Encoder]] = {
    "original": OriginalEncoder,
    "mobilenet_v2": MobileNetV2Encoder,
    "resnet18": ResNet18Encoder,
}
