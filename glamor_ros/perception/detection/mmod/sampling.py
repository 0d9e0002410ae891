"""Where dlib's bilinear `resize_image` samples: bit for bit, since rounding decides between cells.

Corners map to corners. dlib walks along a row in four float32 lanes as far as all four have a right
neighbour, and in double precision from there on; down the rows it sums in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AxisSampling:
    """For each output row or column: two input indices, and how far it lies towards the second.

    `fraction` (the second's weight) is float64. Columns before `tail_start` are those that dlib
    computes in float32 lanes; their fractions are exact in float32. Rows have no such lanes.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    fraction: NDArray[np.float64]
    tail_start: int


def row_sampling(input_size: int, output_size: int) -> AxisSampling:
    """How the output's rows lie between the input's."""
    positions = _running_sum(_scale(input_size, output_size), output_size)
    return _sampling(positions, input_size, tail_start=output_size)


def column_sampling(input_size: int, output_size: int) -> AxisSampling:
    """How the output's columns lie between the input's."""
    scale = _scale(input_size, output_size)
    groups = output_size // 4 + 2
    starts = np.array([-4 * scale + lane * scale for lane in range(4)], dtype=np.float32)
    steps = np.full((groups, 4), 4 * scale, dtype=np.float32)
    lanes = np.add.accumulate(np.vstack([starts, steps]), axis=0, dtype=np.float32)[1:]
    # The first group whose last lane has no right neighbour ends the float32 part.
    tail_start = 4 * int(np.argmax(lanes[:, 3].astype(np.int64) + 1 >= input_size))

    tail = _running_sum(scale, output_size - tail_start, start=tail_start * scale)
    first = lanes.reshape(-1)[:tail_start]
    return _sampling(np.concatenate([first.astype(np.float64), tail]), input_size, tail_start)


def _scale(input_size: int, output_size: int) -> float:
    return (input_size - 1) / max(output_size - 1, 1)


def _running_sum(scale: float, count: int, start: float = 0.0) -> NDArray[np.float64]:
    steps = np.full(count + 1, scale)
    steps[0] = -scale + start
    return np.add.accumulate(steps)[1:]


def _sampling(positions: NDArray[np.float64], input_size: int, tail_start: int) -> AxisSampling:
    first = np.floor(positions).astype(np.int64)
    second = np.minimum(first + 1, input_size - 1)
    return AxisSampling(first, second, positions - first, tail_start)
