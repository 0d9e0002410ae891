"""Smoothing of class probabilities over time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


class ProbabilitySmoother:
    """First-order low-pass filter for irregular intervals.

    After a step in its input the output has covered 1 - 1/e of it once time_constant_s has passed.
    A mean of distributions is a distribution, so the output keeps summing to 1. The first input is
    taken as it is; a stamp that is not later than the one before counts as no time passed.
    time_constant_s may be changed at any time; 0 does not smooth.
    """

    def __init__(self, time_constant_s: float = 0.0) -> None:
        self.time_constant_s = time_constant_s
        self._smoothed: NDArray[np.float32] | None = None
        self._stamp_s = -math.inf

    def update(self, probabilities: NDArray[np.float32], stamp_s: float) -> NDArray[np.float32]:
        """Probabilities (7,) measured at stamp_s to the smoothed ones (7,)."""
        if self._smoothed is None or self.time_constant_s <= 0:
            self._smoothed = probabilities
        else:
            elapsed_s = max(stamp_s - self._stamp_s, 0.0)
            weight = np.float32(-math.expm1(-elapsed_s / self.time_constant_s))
            self._smoothed = self._smoothed + weight * (probabilities - self._smoothed)
        self._stamp_s = max(stamp_s, self._stamp_s)
        return self._smoothed
