"""How the node and its cameras fare, judged for /diagnostics."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus

from ..input.image_statistics import ImageStatistics

WINDOW_S = 5.0


@dataclass(frozen=True)
class HealthLimits:
    """What still is well.

    Attributes:
        min_rate_hz: Fewer processed images a second are a warning; 0: never.
        max_latency_s: A longer 95th percentile of the latency is a warning; 0: never.
    """

    min_rate_hz: float
    max_latency_s: float


@dataclass(frozen=True)
class Health:
    """How something fares.

    Attributes:
        level: One of DiagnosticStatus's.
        message: The reason for the level.
        values: What was measured.
    """

    level: bytes
    message: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Counts:
    at_s: float
    received: int
    processed: int
    unusable: int


class CameraHealth:
    """How one camera's images fared in the last seconds.

    Args:
        name: The camera's; empty: the only one.
        topic_name: Where its images come from.
        statistics: What the camera counts.
        clock: In seconds, steady.
    """

    def __init__(
        self,
        name: str,
        topic_name: str,
        statistics: ImageStatistics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.topic_name = topic_name
        self._statistics = statistics
        self._clock = clock
        self._window = deque([self._counts()])

    def judge(self, limits: HealthLimits, *, is_paused: bool) -> Health:
        """How the images of the last WINDOW_S fared; call it about once a second."""
        newest = self._counts()
        self._window.append(newest)
        while newest.at_s - self._window[1].at_s >= WINDOW_S:
            self._window.popleft()
        oldest = self._window[0]
        elapsed_s = max(newest.at_s - oldest.at_s, 1e-9)
        processed = newest.processed - oldest.processed
        unusable = newest.unusable - oldest.unusable
        received_hz = (newest.received - oldest.received) / elapsed_s
        processed_hz = processed / elapsed_s
        latencies_s = list(self._statistics.latencies_s)[-processed:] if processed else []
        median_s, p95_s = np.percentile(latencies_s, [50, 95]) if latencies_s else (None, None)
        level, message = DiagnosticStatus.OK, f"{processed_hz:.1f} Hz"
        if is_paused:
            message = "paused"
        elif newest.received == oldest.received:
            level = DiagnosticStatus.STALE
            message = f"no image on {self.topic_name} for {elapsed_s:.0f} s or longer"
        elif unusable and not processed:
            level = DiagnosticStatus.ERROR
            message = f"none of the last {unusable} images could be used: see the log"
        elif unusable:
            level = DiagnosticStatus.WARN
            message = f"{unusable} of the last {unusable + processed} images could not be used"
        elif processed_hz < limits.min_rate_hz:
            level = DiagnosticStatus.WARN
            message = f"{processed_hz:.1f} Hz, less than {limits.min_rate_hz:g} Hz"
        elif p95_s is not None and 0 < limits.max_latency_s < p95_s:
            level = DiagnosticStatus.WARN
            message = f"latency p95 {p95_s:.2f} s, more than {limits.max_latency_s:g} s"
        return Health(
            level,
            message,
            {
                "topic": self.topic_name,
                "people": str(self._statistics.people_in_view),
                "emotion unknown": _counted(self._statistics.unknown_in_view),
                "rate in [Hz]": f"{received_hz:.1f}",
                "rate published [Hz]": f"{processed_hz:.1f}",
                "latency p50 [ms]": _milliseconds(median_s),
                "latency p95 [ms]": _milliseconds(p95_s),
                "received": str(self._statistics.received),
                "published": str(self._statistics.processed),
                f"{self.name}/dropped" if self.name else "dropped": str(self._statistics.dropped),
                "late": str(self._statistics.late),
                "rejected": str(self._statistics.rejected),
                "failed": str(self._statistics.failed),
            },
        )

    def _counts(self) -> _Counts:
        statistics = self._statistics
        unusable = statistics.rejected + statistics.failed
        return _Counts(self._clock(), statistics.received, statistics.processed, unusable)


def _counted(unknown: Mapping[str, int]) -> str:
    """How many in all and why, as "3 (2 blurred, 1 small)"; read once, as another thread writes."""
    reasons = ", ".join(f"{count} {reason}" for reason, count in unknown.items())
    return f"{sum(unknown.values())} ({reasons})" if unknown else "0"


def _milliseconds(seconds: float | None) -> str:
    return "nan" if seconds is None else f"{seconds * 1e3:.1f}"
