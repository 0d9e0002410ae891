"""How one camera's images fared."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

LATENCY_WINDOW = 1000


@dataclass
class CameraStatistics:
    """Counts of images since the node was activated.

    received: arrived. dropped: replaced by a newer one before the worker was free. rejected: could
    not be used as images. failed: lost to an unexpected error. latencies_s: of the last processed.
    """

    received: int = 0
    dropped: int = 0
    rejected: int = 0
    failed: int = 0
    processed: int = 0
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCY_WINDOW))

    def add_processed(self, latency_s: float) -> None:
        """latency_s: from the image's stamp to the publication."""
        self.processed += 1
        self.latencies_s.append(latency_s)

    def summary(self) -> str:
        """One line for the log."""
        counts = (
            f"{self.received} images received, {self.processed} processed, {self.dropped} dropped "
            f"for newer ones, {self.rejected} unusable, {self.failed} failed"
        )
        if not self.latencies_s:
            return counts
        median_ms, p95_ms = np.percentile(self.latencies_s, [50, 95]) * 1e3
        return f"{counts}; latency p50 {median_ms:.1f} ms, p95 {p95_ms:.1f} ms"
