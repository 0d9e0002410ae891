"""What keeps results that come too late from being published."""

from __future__ import annotations

import threading
from collections.abc import Callable


class PublishingGate:
    """A gate that the results of other threads go through while it is open, as it is at first.

    The threads that it is closed to may still be at work: what they then come with is left out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = True

    def run(self, publish: Callable[[], object]) -> bool:
        """Call `publish` where the gate is open.

        Returns:
            Whether it was.
        """
        with self._lock:
            if self._is_open:
                publish()
            return self._is_open

    def open(self) -> None:
        """Let results through again."""
        with self._lock:
            self._is_open = True

    def close(self) -> None:
        """Let nothing through any more; nothing is being published when this returns."""
        with self._lock:
            self._is_open = False
