"""A place for one frame: the newest wins."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


class FrameSlot(Generic[Frame]):
    """Hands the newest frame from the thread that receives to the one that works."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._frame: Frame | None = None
        self._is_closed = False

    def put(self, frame: Frame) -> bool:
        """Leave a frame. True: it replaced one that nobody had taken."""
        with self._condition:
            replaced = self._frame is not None
            self._frame = frame
            self._condition.notify()
            return replaced

    def take(self) -> Frame | None:
        """Wait for a frame and take it; None once the slot is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._frame is not None or self._is_closed)
            frame, self._frame = self._frame, None
            return None if self._is_closed else frame

    def close(self) -> None:
        """Let nobody wait any longer; a frame not yet taken is lost."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()
