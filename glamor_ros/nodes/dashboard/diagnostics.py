"""What the robot's components say of themselves."""

from __future__ import annotations

import time
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

MAX_COMPONENTS = 100
FORGET_AFTER_S = 60.0


class Diagnostics:
    """The newest status of each component, for a minute after it was heard last.

    Args:
        clock: Seconds that never run back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._newest: dict[str, tuple[DiagnosticStatus, float]] = {}

    def add(self, message: DiagnosticArray) -> None:
        """Take a message in; no more than MAX_COMPONENTS components are kept."""
        for status in message.status:
            if status.name in self._newest or len(self._newest) < MAX_COMPONENTS:
                self._newest[status.name] = (status, self._clock())

    def statuses(self) -> list[tuple[DiagnosticStatus, float]]:
        """By name, each with its age in seconds."""
        now_s = self._clock()
        for name, (_, heard_at_s) in list(self._newest.items()):
            if now_s - heard_at_s > FORGET_AFTER_S:
                del self._newest[name]
        return [(status, now_s - at_s) for _, (status, at_s) in sorted(self._newest.items())]
