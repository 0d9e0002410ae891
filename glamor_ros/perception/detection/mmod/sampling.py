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
    """The two input rows or columns that each output row or column is interpolated between.

    Attributes:
        first: (n,) index of the first one.
        second: (n,) index of the second one.
        fraction: (n,) float64 weight of the second, in [0, 1).
        tail_start: Columns before it are those that dlib computes in float32 lanes; their fractions
            are exact in float32. Rows have no such lanes.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    fraction: NDArray[np.float64]
    tail_start: int


@dataclass(frozen=True)
class AxisTaps:
    """The run of input rows or columns that each output row or column is a weighted sum of.

    Attributes:
        first: (n,) index of the run's first one.
        weights: (n, taps) float64; past the input's end they are 0.
        input_size: How many rows or columns the input has.
    """

    first: NDArray[np.int64]
    weights: NDArray[np.float64]
    input_size: int

    @classmethod
    def identity(cls, size: int) -> AxisTaps:
        """The taps that leave everything as it is."""
        return cls(np.arange(size), np.ones((size, 1)), size)

    def then(self, sampling: AxisSampling) -> AxisTaps:
        """The taps of this step and an interpolation of its output in one."""
        distance = self.first[sampling.second] - self.first[sampling.first]
        count, taps = len(sampling.first), self.weights.shape[1]
        weights = np.zeros((count, taps + int(distance.max(initial=0))))
        fraction = sampling.fraction[:, None]
        weights[:, :taps] = (1 - fraction) * self.weights[sampling.first]
        places = distance[:, None] + np.arange(taps)
        weights[np.arange(count)[:, None], places] += fraction * self.weights[sampling.second]
        return AxisTaps(self.first[sampling.first], weights, self.input_size)

    def indices(self) -> NDArray[np.int64]:
        """(n, taps) input indices, none past the input's end."""
        runs = self.first[:, None] + np.arange(self.weights.shape[1])
        return np.minimum(runs, self.input_size - 1)


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
