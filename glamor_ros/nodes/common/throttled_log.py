"""Log lines that come too often to be written each."""

from __future__ import annotations

import time
from collections.abc import Callable


class ThrottledLog:
    """Passes the first line on at once, then one an interval, with the number of those left out."""

    def __init__(
        self,
        write: Callable[[str], object],
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._interval_s = interval_s
        self._clock = clock
        self._written_at_s: float | None = None
        self._left_out = 0

    def __call__(self, line: str) -> None:
        now_s = self._clock()
        if self._written_at_s is not None and now_s - self._written_at_s < self._interval_s:
            self._left_out += 1
            return
        more = f" (and {self._left_out} more like it before)" if self._left_out else ""
        self._write(line + more)
        self._written_at_s, self._left_out = now_s, 0
