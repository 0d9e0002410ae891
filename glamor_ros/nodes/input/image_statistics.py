"""How one camera's images fared."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

LATENCY_WINDOW = 1000
_NOBODY: Mapping[str, int] = MappingProxyType({})


@dataclass
class ImageStatistics:
    """Counts of a camera's images since the node was activated.

    Attributes:
        received: Those that arrived.
        dropped: Replaced by a newer one before the worker was free.
        late: Older than one that had been processed before.
        rejected: Could not be used as images.
        failed: Lost to an unexpected error.
        processed: Those whose people were published.
        people_in_view: In the last one processed.
        unknown_in_view: How many of them have no emotion, by the reason.
        latencies_s: Of the last ones processed, where they are known.
    """

    received: int = 0
    dropped: int = 0
    late: int = 0
    rejected: int = 0
    failed: int = 0
    processed: int = 0
    people_in_view: int = 0
    unknown_in_view: Mapping[str, int] = field(default_factory=dict)
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCY_WINDOW))

    @property
    def handled(self) -> int:
        """Images that have been dealt with, one way or the other, without being dropped."""
        return self.late + self.rejected + self.failed + self.processed

    def add_processed(
        self, people: int, latency_s: float, unknown: Mapping[str, int] = _NOBODY
    ) -> None:
        """Count an image whose people were published.

        Args:
            people: How many there are.
            latency_s: From the image's stamp to the publication; NaN: not known.
            unknown: How many of them have no emotion, by the reason.
        """
        self.processed += 1
        self.people_in_view = people
        self.unknown_in_view = unknown
        if not math.isnan(latency_s):
            self.latencies_s.append(latency_s)

    def summary(self) -> str:
        """One line for the log."""
        counts = (
            f"{self.received} images received, {self.processed} processed, {self.dropped} dropped "
            f"for newer ones, {self.late} late, {self.rejected} unusable, {self.failed} failed"
        )
        if not self.latencies_s:
            return counts
        median_ms, p95_ms = np.percentile(self.latencies_s, [50, 95]) * 1e3
        return f"{counts}; latency p50 {median_ms:.1f} ms, p95 {p95_ms:.1f} ms"
