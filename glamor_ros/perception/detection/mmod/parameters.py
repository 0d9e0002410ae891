"""What the MMOD face detector consists of: layers as stored, input means, pyramid, suppression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
        """Raises ValueError where the layers do not fit each other."""
        if len(self.affines) != len(self.convolutions) - 1:
            raise ValueError(
                f"{len(self.convolutions)} convolutions and {len(self.affines)} affine layers"
            )
        channels = 3
        for index, layer in enumerate(self.convolutions):
            if layer.weight.ndim != 4 or layer.weight.shape[1] != channels:
                raise ValueError(
                    f"convolution {index} has weights {layer.weight.shape} for {channels} channels"
                )
            channels = layer.weight.shape[0]
            vectors = {"bias": layer.bias}
            if index < len(self.affines):
                affine = self.affines[index]
                vectors["gamma"] = affine.gamma
                vectors["beta"] = affine.beta
                vectors["running_mean"] = affine.running_mean
                vectors["running_variance"] = affine.running_variance
            for name, vector in vectors.items():
                if vector.shape != (channels,):
                    raise ValueError(f"{name} {index} has shape {vector.shape}, not ({channels},)")
        if channels != 1:
            raise ValueError(f"the last convolution has {channels} outputs, not 1")
