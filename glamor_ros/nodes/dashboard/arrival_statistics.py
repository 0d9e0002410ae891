"""How often messages come, and how late."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class ArrivalSummary:
    """How messages came within the window.

    Attributes:
        rate_hz: Messages a second; 0 with fewer than two.
        latency_median_s: Of those whose latency is known; None: of none.
        latency_p95_s: The 95th percentile, likewise.
        age_s: Since the last message; None: none came ever.
    """

    rate_hz: float
    latency_median_s: float | None
    latency_p95_s: float | None
    age_s: float | None


class ArrivalStatistics:
    """The messages of a topic within a window of time.

    Args:
        window_s: The window's length.
        clock: Seconds that never run back.
    """

    def __init__(self, window_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_s = window_s
        self._clock = clock
        self._arrivals: deque[tuple[float, float]] = deque()
        self._last_s: float | None = None

    def add(self, latency_s: float = math.nan) -> None:
        """A message has come; latency_s is NaN where it is not known."""
        self._last_s = self._clock()
        self._arrivals.append((self._last_s, latency_s))
        self._forget()

    def summary(self) -> ArrivalSummary:
        """Of the window that ends now."""
        self._forget()
        times_s = [time_s for time_s, _ in self._arrivals]
        span_s = times_s[-1] - times_s[0] if times_s else 0.0
        latencies_s = sorted(one for _, one in self._arrivals if math.isfinite(one))
        return ArrivalSummary(
            rate_hz=(len(times_s) - 1) / span_s if span_s > 0 else 0.0,
            latency_median_s=statistics.median(latencies_s) if latencies_s else None,
            latency_p95_s=_percentile(latencies_s, 0.95) if latencies_s else None,
            age_s=None if self._last_s is None else self._clock() - self._last_s,
        )

    def _forget(self) -> None:
        begin_s = self._clock() - self._window_s
        while self._arrivals and self._arrivals[0][0] < begin_s:
            self._arrivals.popleft()


def _percentile(ascending: list[float], share: float) -> float:
    """By the nearest rank."""
    return ascending[max(math.ceil(share * len(ascending)), 1) - 1]
