"""What the MMOD face detector consists of: layers as stored, input means, pyramid, suppression."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....errors import GlamorError

# Above what any detector has: a damaged file must not take memory or time.
_MAX_STRIDE = 16
_MAX_PIXELS = 1024


class MmodParametersError(GlamorError, ValueError):
    """Layers do not fit each other, or an option is out of range."""


@dataclass(frozen=True)
class ConvolutionParameters:
    """Weight (out, in, height, width) and bias (out,); one stride and padding for both axes."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int
    padding: int


@dataclass(frozen=True)
class AffineParameters:
    """gamma · (x − running_mean) / sqrt(running_variance + epsilon) + beta; vectors (channels,)."""

    gamma: NDArray[np.float32]
    beta: NDArray[np.float32]
    running_mean: NDArray[np.float32]
    running_variance: NDArray[np.float32]
    epsilon: float


@dataclass(frozen=True)
class NonMaximumSuppression:
    """A box is dropped if it overlaps a better one by more than `max_iou`.

    Or if more than `max_covered` of either box lies within the other (1.0: never).
    """

    max_iou: float
    max_covered: float


@dataclass(frozen=True)
class MmodParameters:
    """The whole detector: convolutions, with an affine and a ReLU after each but the last.

    `mean_rgb` is subtracted from the pixels (0 to 255) before they are divided by 256;
    `window_px` (width, height) is the face that one output cell sees; `padding_px` separates the
    levels of the image pyramid on their common canvas, `outer_padding_px` surrounds them.
    """

    convolutions: tuple[ConvolutionParameters, ...]
    affines: tuple[AffineParameters, ...]
    mean_rgb: tuple[float, float, float]
    window_px: tuple[int, int]
    suppression: NonMaximumSuppression
    padding_px: int
    outer_padding_px: int

    def __post_init__(self) -> None:
        """Refuse what is no detector.

        Raises:
            MmodParametersError: Layers do not fit each other, or an option is out of range.
        """
        self._check_options()
        if len(self.affines) != len(self.convolutions) - 1:
            raise MmodParametersError(
                f"{len(self.convolutions)} convolutions and {len(self.affines)} affine layers"
            )
        channels = 3
        for index, layer in enumerate(self.convolutions):
            _check_convolution(index, layer, channels)
            channels = layer.weight.shape[0]
            vectors = {"bias": layer.bias}
            if index < len(self.affines):
                vectors |= _vectors(self.affines[index])
                epsilon, variance = (
                    self.affines[index].epsilon,
                    self.affines[index].running_variance,
                )
                if not 0 < epsilon < math.inf or variance.min(initial=0) < 0:
                    raise MmodParametersError(f"affine layer {index} has no usable variance")
            for name, vector in vectors.items():
                if vector.shape != (channels,):
                    raise MmodParametersError(
                        f"{name} {index} has shape {vector.shape}, not ({channels},)"
                    )
                if not np.isfinite(vector).all():
                    raise MmodParametersError(f"{name} {index} holds values that are not finite")
        if channels != 1:
            raise MmodParametersError(f"the last convolution has {channels} outputs, not 1")

    def _check_options(self) -> None:
        suppression = self.suppression
        ranges: Mapping[str, tuple[tuple[float, ...], float, float]] = {
            "mean_rgb": (self.mean_rgb, 0.0, 255.0),
            "window_px": (self.window_px, 1, _MAX_PIXELS),
            "padding_px": ((self.padding_px,), 0, _MAX_PIXELS),
            "outer_padding_px": ((self.outer_padding_px,), 0, _MAX_PIXELS),
            "max_iou": ((suppression.max_iou,), 0.0, 1.0),
            "max_covered": ((suppression.max_covered,), 0.0, 1.0),
        }
        for name, (values, low, high) in ranges.items():
            # Written so that NaN fails.
            if not all(low <= value <= high for value in values):
                raise MmodParametersError(f"{name} is {values}; it must be {low} to {high}")


def _check_convolution(index: int, layer: ConvolutionParameters, channels: int) -> None:
    shape = layer.weight.shape
    if len(shape) != 4 or shape[1] != channels or min(shape) < 1:
        raise MmodParametersError(
            f"convolution {index} has weights {shape} for {channels} channels"
        )
    if not 1 <= layer.stride <= _MAX_STRIDE or not 0 <= layer.padding < max(shape[2:]):
        raise MmodParametersError(
            f"convolution {index} has a stride of {layer.stride} and a padding of {layer.padding}"
        )
    if not np.isfinite(layer.weight).all():
        raise MmodParametersError(f"convolution {index} holds values that are not finite")


def _vectors(affine: AffineParameters) -> dict[str, NDArray[np.float32]]:
    return {
        "gamma": affine.gamma,
        "beta": affine.beta,
        "running_mean": affine.running_mean,
        "running_variance": affine.running_variance,
    }
