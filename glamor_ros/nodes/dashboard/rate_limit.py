"""A limit on how often something is done."""

from __future__ import annotations

import time
from collections.abc import Callable


class RateLimit:
    """A limit that is kept in the long run and does not mind that things come unevenly.

    What comes at just the limit's rate passes whole, although one comes up to an interval early:
    the generic cell rate algorithm (ITU-T I.371, annex A) with a tolerance of one interval.

    Args:
        max_rate_hz: More than 0.
        clock: Seconds that never run back.
    """

    def __init__(self, max_rate_hz: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 1 / max_rate_hz
        self._clock = clock
        self._due_at_s = clock()

    def admits(self) -> bool:
        """Whether it may be done now; if so, it counts as done."""
        now_s = self._clock()
        if now_s < self._due_at_s - self._interval_s:
            return False
        self._due_at_s = max(self._due_at_s, now_s) + self._interval_s
        return True
