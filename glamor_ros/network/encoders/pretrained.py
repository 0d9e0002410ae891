"""Encoders that can start from weights which others have trained."""

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
_Encoder = TypeVar("_Encoder", bound="PretrainedEncoder")


class EncoderWeightsError(GlamorError, ValueError):
    """Weights that do not fit an encoder; the message names the differences."""


class PretrainedEncoder(Encoder):
    """An encoder whose parameters have the names and meaning of a released network's.

    It takes RGB in [0, 1] as every encoder does and itself subtracts the mean of the images that
    the released weights were trained on and divides by their standard deviation, so that
    preprocessing is one for all encoders; a masked face is black. These six numbers are constants
    of the code: they are not in the `state_dict`.

    Attributes:
        released_by: Whose weights it takes, as a possessive, for messages.
        head: The prefixes of the parameters of the released classifier, which the encoder lacks.
        mean_rgb: The mean of the images.
        deviation_rgb: Their standard deviation.
    """

    released_by: str
    head: tuple[str, ...]
    mean_rgb: tuple[float, float, float]
    deviation_rgb: tuple[float, float, float]
    mean: Tensor
    standard_deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self._frozen = False
        for name, values in (("mean", self.mean_rgb), ("standard_deviation", self.deviation_rgb)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def freeze(self) -> None:
        """Keep weights and statistics as they are from here on, in training too."""
        self._frozen = True
        self.requires_grad_(False).eval()

    def train(self: _Encoder, mode: bool = True) -> _Encoder:
        return super().train(mode and not self._frozen)

    def forward(self, images: Tensor) -> Tensor:
        return self.feature_map((images - self.mean) / self.standard_deviation)

    def feature_map(self, normalized: Tensor) -> Tensor:
        """The last feature map (N, C', H', W').

        Args:
            normalized: Images (N, 3, H, W), less the mean and divided by the deviation.
        """
        raise NotImplementedError


class ImageNetEncoder(PretrainedEncoder):
    """An encoder that takes the weights which torchvision has trained on ImageNet."""

    released_by = "torchvision's"
    mean_rgb = (0.485, 0.456, 0.406)
    deviation_rgb = (0.229, 0.224, 0.225)


def initialize_as_torchvision(encoder: nn.Module) -> None:
    """Initialise as He et al. do, over the outputs, for training without ImageNet's weights."""
    for module in encoder.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def load_pretrained_weights(encoder: Encoder, weights: Path | Mapping[str, Tensor]) -> None:
    """Load released weights into an encoder, all or nothing.

    The classifier's parameters (`PretrainedEncoder.head`) are left out: the classes are others.
    Such a file is made once, where torchvision is installed, from `model.state_dict()` of
    `torchvision.models.resnet18(weights="DEFAULT")` by `safetensors.torch.save_file`; in the same
    way from the weights that the authors of another network have released.

    Args:
        encoder: The encoder whose weights are replaced.
        weights: A safetensors file or the `state_dict` itself.

    Raises:
        EncoderWeightsError: There are no released weights for this encoder, the file cannot be
            read, or a parameter is missing, misshapen, unknown or not finite.
    """
    kind = type(encoder).__name__
    if not isinstance(encoder, PretrainedEncoder):
        raise EncoderWeightsError(f"there are no released weights for {kind}; it starts from none")
    source = str(weights) if isinstance(weights, Path) else "the state_dict"

    def body(tensors: Mapping[str, _Tensor]) -> dict[str, _Tensor]:
        return {name: one for name, one in tensors.items() if not name.startswith(encoder.head)}

    def require_none(problems: list[str]) -> None:
        if problems:
            raise EncoderWeightsError(
                f"{source} does not hold {encoder.released_by} weights for {kind}: "
                f"{summary(problems)}"
            )

    if isinstance(weights, Path):
        try:
            # What does not fit is not read.
            header = read_header(weights)
            require_none(layout_problems(encoder.state_dict(), body(header.layouts)))
            weights = read_tensors(weights)
        except TensorFileError as error:
            raise EncoderWeightsError(
                f"{error}; save {encoder.released_by} state_dict with safetensors.torch.save_file"
            ) from error
    tensors = body(weights)
    require_none([*layout_problems(encoder.state_dict(), tensors), *value_problems(tensors)])
    encoder.load_state_dict(tensors, strict=False)
