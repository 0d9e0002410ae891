"""The MMOD network: scores of all windows on a canvas, with dlib's results, made for speed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .parameters import AffineParameters, ConvolutionParameters, MmodParameters

_STRIP_ROWS = 64


@dataclass(frozen=True)
class _Convolution:
    weight: Tensor
    bias: Tensor
    stride: int
    padding: int

    def __call__(self, features: Tensor) -> Tensor:
        return _convolve(
            features, self.weight, self.bias, self.stride, (self.padding, self.padding)
        )


class MmodNetwork:
    """Runs the network on a normalised BGR canvas.

    The affine layers are folded into the convolutions in double precision; everything is
    channels-last. The leading convolutions have strides and no padding (the stem): on a CPU they
    run strip by strip, which changes nothing but the memory they touch.
    """

    def __init__(self, parameters: MmodParameters, device: torch.device) -> None:
        folded = [
            _fold(layer, parameters.affines[index] if index < len(parameters.affines) else None)
            for index, layer in enumerate(parameters.convolutions)
        ]
        # The file's filters take RGB, the canvas is BGR.
        folded[0] = folded[0][0][:, ::-1], folded[0][1]
        convolutions = [
            _Convolution(
                _to_tensor(weight, device), _to_tensor(bias, device), layer.stride, layer.padding
            )
            for (weight, bias), layer in zip(folded, parameters.convolutions, strict=True)
        ]
        stem_length = sum(layer.padding == 0 for layer in parameters.convolutions)
        self._stem = convolutions[:stem_length]
        self._body = convolutions[stem_length:-1]
        self._window = _WindowScore(convolutions[-1])
        self._strips = device.type == "cpu"

        self.cell_stride_px = 1
        self.cell_offset_px = 0
        self._stem_extent_px = 1
        for layer in reversed(parameters.convolutions[:stem_length]):
            size = layer.weight.shape[2]
            self.cell_offset_px = self.cell_offset_px * layer.stride + size // 2
            self._stem_extent_px = (self._stem_extent_px - 1) * layer.stride + size
            self.cell_stride_px *= layer.stride

    def __call__(self, canvas: Tensor) -> Tensor:
        """Canvas (height, width, 3) float32 → scores (rows, columns) of the cells."""
        features = self._run_stem(canvas.permute(2, 0, 1).unsqueeze(0))
        for convolution in self._body:
            features = convolution(features).relu_()
        return self._window(features)

    def _run_stem(self, features: Tensor) -> Tensor:
        if not self._strips:
            return self._run_stem_strip(features)
        rows = (features.shape[2] - self._stem_extent_px) // self.cell_stride_px + 1
        strips = []
        for start in range(0, rows, _STRIP_ROWS):
            stop = min(start + _STRIP_ROWS, rows)
            first = start * self.cell_stride_px
            last = (stop - 1) * self.cell_stride_px + self._stem_extent_px
            strips.append(self._run_stem_strip(features[:, :, first:last]))
        return torch.cat(strips, dim=2)

    def _run_stem_strip(self, features: Tensor) -> Tensor:
        for convolution in self._stem:
            features = convolution(features).relu_()
        return features


class _WindowScore:
    """A convolution with one output, as one convolution down each column and shifted sums across.

    One output channel leaves the processor's vector units idle; one for each column does not.
    """

    def __init__(self, convolution: _Convolution) -> None:
        _, _, self._height, self._width = convolution.weight.shape
        self._padding = convolution.padding
        # (1, channels, height, width) → (width, channels, height, 1)
        self._columns = convolution.weight[0].permute(2, 0, 1).unsqueeze(3)
        self._columns = self._columns.contiguous(memory_format=torch.channels_last)
        self._bias = convolution.bias

    def __call__(self, features: Tensor) -> Tensor:
        partial = _convolve(features, self._columns, None, 1, (self._padding, 0))[0]
        partial = F.pad(partial, (self._padding, self._padding))
        columns = partial.shape[2] - self._width + 1
        scores = partial[0, :, :columns] + self._bias
        for shift in range(1, self._width):
            scores += partial[shift, :, shift : shift + columns]
        return scores


def _convolve(
    features: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: tuple[int, int]
) -> Tensor:
    """conv2d that never rounds to TensorFloat-32, whatever the process-wide settings say.

    Those settings are not safe to switch back and forth while other threads run.
    """
    return torch.ops.aten._convolution(
        features,
        weight,
        bias,
        (stride, stride),
        padding,
        dilation=(1, 1),
        transposed=False,
        output_padding=(0, 0),
        groups=1,
        benchmark=False,
        deterministic=True,
        cudnn_enabled=True,
        allow_tf32=False,
    )


def _fold(
    layer: ConvolutionParameters, affine: AffineParameters | None
) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias, float64, of a convolution together with the affine layer that follows it."""
    weight = layer.weight.astype(np.float64)
    bias = layer.bias.astype(np.float64)
    if affine is None:
        return weight, bias
    deviation = np.sqrt(affine.running_variance.astype(np.float64) + affine.epsilon)
    gain = affine.gamma / deviation
    return weight * gain[:, None, None, None], (bias - affine.running_mean) * gain + affine.beta


def _to_tensor(values: np.ndarray, device: torch.device) -> Tensor:
    tensor = torch.from_numpy(values.astype(np.float32)).to(device)
    if tensor.ndim == 4:
        tensor = tensor.contiguous(memory_format=torch.channels_last)
    return tensor
