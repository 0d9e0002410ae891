"""How long the stages of the work on a frame take."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


class Stopwatch:
    """The times of named stages, summed up until somebody looks; for any number of threads.

    Args:
        clock: In seconds, steady.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sums_s: defaultdict[str, float] = defaultdict(float)
        self._counts: defaultdict[str, int] = defaultdict(int)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Take the time of what is done in the `with` block, also where it raises."""
        began_s = self._clock()
        try:
            yield
        finally:
            took_s = self._clock() - began_s
            with self._lock:
                self._sums_s[name] += took_s
                self._counts[name] += 1

    def take_means_s(self) -> Mapping[str, float]:
        """The mean time of each stage since this was last called, in the order of their ends."""
        with self._lock:
            means_s = {name: total / self._counts[name] for name, total in self._sums_s.items()}
            self._sums_s.clear()
            self._counts.clear()
        return means_s
