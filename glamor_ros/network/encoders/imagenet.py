"""Encoders that can start from weights trained on ImageNet by torchvision."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from ...errors import GlamorError
from ..weights.tensor_files import (
    TensorFileError,
    layout_problems,
    read_header,
    read_tensors,
    summary,
    value_problems,
)
from .original import Encoder

_Tensor = TypeVar("_Tensor")

_MEAN = (0.485, 0.456, 0.406)
_STANDARD_DEVIATION = (0.229, 0.224, 0.225)


class EncoderWeightsError(GlamorError, ValueError):
    """Weights that do not fit an encoder; the message names the differences."""


class ImageNetEncoder(Encoder):
    """An encoder whose parameters have torchvision's names and meaning.

    It takes RGB in [0, 1] as every encoder does and itself subtracts ImageNet's mean and divides by
    its standard deviation, so that preprocessing is one for all encoders; a masked face is black.
    These six numbers are constants of the code: they are not in the `state_dict`.

    Attributes:
        head: The prefixes of the parameters of torchvision's classifier, which the encoder lacks.
        mean: ImageNet's mean, (1, 3, 1, 1).
        standard_deviation: ImageNet's standard deviation, (1, 3, 1, 1).
    """

    head: tuple[str, ...]
    mean: Tensor
    standard_deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, values in (("mean", _MEAN), ("standard_deviation", _STANDARD_DEVIATION)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.feature_map((images - self.mean) / self.standard_deviation)

    def feature_map(self, normalized: Tensor) -> Tensor:
        """The last feature map (N, C', H', W').

        Args:
            normalized: Images (N, 3, H, W) of ImageNet's mean and deviation.
        """
        raise NotImplementedError


def initialize_as_torchvision(encoder: nn.Module) -> None:
    """Initialise as He et al. do, over the outputs, for training without ImageNet's weights."""
    for module in encoder.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def load_imagenet_weights(encoder: Encoder, weights: Path | Mapping[str, Tensor]) -> None:
    """Load torchvision's weights into an encoder, all or nothing.

    The classifier's parameters (`ImageNetEncoder.head`) are left out: the classes are others. Such
    a file is made once, where torchvision is installed, from `model.state_dict()` of
    `torchvision.models.resnet18(weights="DEFAULT")` by `safetensors.torch.save_file`.

    Args:
        encoder: The encoder whose weights are replaced.
        weights: A safetensors file or the `state_dict` itself.

    Raises:
        EncoderWeightsError: The encoder has no ImageNet weights, the file cannot be read, or a
            parameter is missing, misshapen, unknown or not finite.
    """
    kind = type(encoder).__name__
    if not isinstance(encoder, ImageNetEncoder):
        raise EncoderWeightsError(f"there are no ImageNet weights for {kind}; it starts from none")
    source = str(weights) if isinstance(weights, Path) else "the state_dict"

    def body(tensors: Mapping[str, _Tensor]) -> dict[str, _Tensor]:
        return {name: one for name, one in tensors.items() if not name.startswith(encoder.head)}

    def require_none(problems: list[str]) -> None:
        if problems:
            raise EncoderWeightsError(
                f"{source} does not hold torchvision's weights for {kind}: {summary(problems)}"
            )

    if isinstance(weights, Path):
        try:
            # What does not fit is not read.
            header = read_header(weights)
            require_none(layout_problems(encoder.state_dict(), body(header.layouts)))
            weights = read_tensors(weights)
        except TensorFileError as error:
            raise EncoderWeightsError(
                f"{error}; save torchvision's state_dict with safetensors.torch.save_file"
            ) from error
    tensors = body(weights)
    require_none([*layout_problems(encoder.state_dict(), tensors), *value_problems(tensors)])
    encoder.load_state_dict(tensors, strict=False)
