"""The MMOD network: scores of all windows on a canvas, with dlib's results, made for speed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .parameters import AffineParameters, ConvolutionParameters, MmodParameters

_STRIP_ROWS = 64


# Zeros on the left, right, top and bottom, in cells.
_Padding = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Convolution:
    weight: Tensor
    bias: Tensor | None
    stride: int
    padding: int

    def __call__(self, features: Tensor, zeros: _Padding) -> Tensor:
        left, right, top, bottom = zeros
        if left != right or top != bottom:
            features = F.pad(features, zeros)
            left = top = 0
        return _convolve(features, self.weight, self.bias, self.stride, (top, left))


@dataclass(frozen=True)
class Surroundings:
    """How many cells the network's canvas has on each side of a block of cells.

    Counted no further than the network sees: `MmodNetwork.margin_cells`.
    """

    left: int
    right: int
    top: int
    bottom: int


class MmodNetwork:
    """dlib's face network on normalised BGR canvases, or on pieces of them.

    The affine layers are folded into the convolutions in double precision; everything is
    channels-last. The leading convolutions have strides and no padding (the stem): on a CPU they
    run strip by strip, which changes nothing but the memory they touch.

    Attributes:
        cell_stride_px: Distance of two cells on the canvas.
        cell_offset_px: Where the first cell's window has its centre.
        margin_cells: So many cells further, the stem's outputs count for a cell's score.
        piece_px: Side of the piece of canvas that the stem needs for one cell.
    """

    def __init__(
        self,
        parameters: MmodParameters,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        folded = [
            _fold(layer, parameters.affines[index] if index < len(parameters.affines) else None)
            for index, layer in enumerate(parameters.convolutions)
        ]
        # The file's filters take RGB, the canvas is BGR.
        folded[0] = folded[0][0][:, ::-1], folded[0][1]
        convolutions = [
            _Convolution(
                _to_tensor(weight, device, dtype),
                _to_tensor(bias, device, dtype),
                layer.stride,
                layer.padding,
            )
            for (weight, bias), layer in zip(folded, parameters.convolutions, strict=True)
        ]
        stem_length = sum(layer.padding == 0 for layer in parameters.convolutions)
        self._stem = convolutions[:stem_length]
        self._body = convolutions[stem_length:-1]
        self._window = _WindowScore(convolutions[-1])
        self._strips = device.type == "cpu"
        self._dtype = dtype

        self.cell_stride_px = 1
        self.cell_offset_px = 0
        self.piece_px = 1
        for convolution in reversed(self._stem):
            size = convolution.weight.shape[2]
            self.cell_offset_px = self.cell_offset_px * convolution.stride + size // 2
            self.piece_px = (self.piece_px - 1) * convolution.stride + size
            self.cell_stride_px *= convolution.stride
        self.margin_cells = sum(layer.padding for layer in convolutions[stem_length:])

        # Multiplications for one cell: the stem's, then each later layer's.
        stem, stride = 0, self.cell_stride_px
        for convolution in self._stem:
            stride //= convolution.stride
            stem += convolution.weight.numel() * stride**2
        self._costs = [stem, *(layer.weight.numel() for layer in convolutions[stem_length:])]

    def __call__(self, canvases: Tensor) -> Tensor:
        """The scores of all cells.

        Args:
            canvases: (n, height, width, 3) float32.

        Returns:
            (n, rows, columns) float32.
        """
        features = self._run_stem(canvases)
        for convolution in self._body:
            padding = convolution.padding
            features = convolution(features, (padding,) * 4).relu_()
        return self._window(features, (self._window.padding,) * 4).float()

    def block_scores(self, pieces: Tensor, around: Surroundings) -> Tensor:
        """The scores of blocks of cells, as on the whole canvas.

        Args:
            pieces: (n, h, w, 3) float32, the parts of the canvas that blocks of one shape see.
            around: How far the canvas reaches around the blocks.

        Returns:
            (n, rows, columns) float32.
        """
        features = self._run_stem(pieces)
        margin = self.margin_cells
        for convolution in self._body:
            padding = convolution.padding
            features = convolution(features, _zeros_around(around, margin, padding)).relu_()
            margin -= padding
        return self._window(features, _zeros_around(around, margin, margin)).float()

    def multiplications(self, rows: int, columns: int, around: Surroundings) -> int:
        """How many multiplications `block_scores` takes for a block of rows x columns cells."""
        total, margin = 0, self.margin_cells
        paddings = [0, *(layer.padding for layer in self._body), self._window.padding]
        for cost, padding in zip(self._costs, paddings, strict=True):
            margin -= padding
            height = rows + min(around.top, margin) + min(around.bottom, margin)
            width = columns + min(around.left, margin) + min(around.right, margin)
            total += cost * height * width
        return total

    def _run_stem(self, canvases: Tensor) -> Tensor:
        features = canvases.to(self._dtype).permute(0, 3, 1, 2)
        if not self._strips:
            return self._run_stem_strip(features)
        rows = (features.shape[2] - self.piece_px) // self.cell_stride_px + 1
        strips = []
        for start in range(0, rows, _STRIP_ROWS):
            stop = min(start + _STRIP_ROWS, rows)
            first = start * self.cell_stride_px
            last = (stop - 1) * self.cell_stride_px + self.piece_px
            strips.append(self._run_stem_strip(features[:, :, first:last]))
        return strips[0] if len(strips) == 1 else torch.cat(strips, dim=2)

    def _run_stem_strip(self, features: Tensor) -> Tensor:
        for convolution in self._stem:
            features = convolution(features, (0, 0, 0, 0)).relu_()
        return features


def _zeros_around(around: Surroundings, margin: int, padding: int) -> _Padding:
    """The padding of a layer whose input has up to `margin` cells around a block.

    Beyond the canvas a layer sees zeros; on the canvas its output shrinks instead.
    """
    sides = (around.left, around.right, around.top, around.bottom)
    left, right, top, bottom = (
        max(0, min(side, margin - padding) + padding - min(side, margin)) for side in sides
    )
    return left, right, top, bottom


class _WindowScore:
    """A convolution with one output, as one convolution down each column and shifted sums across.

    One output channel leaves the processor's vector units idle; one for each column does not.
    """

    def __init__(self, convolution: _Convolution) -> None:
        self._width = convolution.weight.shape[3]
        self.padding = convolution.padding
        # (1, channels, height, width) → (width, channels, height, 1)
        columns = convolution.weight[0].permute(2, 0, 1).unsqueeze(3)
        columns = columns.contiguous(memory_format=torch.channels_last)
        self._down = _Convolution(columns, None, 1, 0)
        self._bias = convolution.bias if convolution.bias is not None else 0

    def __call__(self, features: Tensor, zeros: _Padding) -> Tensor:
        left, right, top, bottom = zeros
        partial = self._down(features, (0, 0, top, bottom))
        if left or right:
            partial = F.pad(partial, (left, right))
        columns = partial.shape[3] - self._width + 1
        scores = partial[:, 0, :, :columns] + self._bias
        for shift in range(1, self._width):
            scores += partial[:, shift, :, shift : shift + columns]
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


def _to_tensor(values: np.ndarray, device: torch.device, dtype: torch.dtype) -> Tensor:
    tensor = torch.from_numpy(values.astype(np.float32)).to(device, dtype)
    if tensor.ndim == 4:
        tensor = tensor.contiguous(memory_format=torch.channels_last)
    return tensor
