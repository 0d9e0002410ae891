"""One thread that works on the newest frame."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic

from .frame_slot import Frame, FrameSlot


class FrameWorker(Generic[Frame]):
    """Calls `process` with one frame after the other, each time the newest, in a thread of its own.

    process: must not raise.
    """

    def __init__(self, process: Callable[[Frame], None], name: str) -> None:
        self._slot: FrameSlot[Frame] = FrameSlot()
        # Held by the thread alone: once it has ended, nothing keeps what `process` works with.
        self._thread = threading.Thread(target=_work, args=(self._slot, process), name=name)
        self._thread.start()

    def submit(self, frame: Frame) -> bool:
        """Returns at once. True: the frame replaced one that had to wait, which is lost."""
        return self._slot.put(frame)

    def stop(self) -> None:
        """Return when the frame being worked on is done; one that waits is lost."""
        self._slot.close()
        self._thread.join()


def _work(slot: FrameSlot[Frame], process: Callable[[Frame], None]) -> None:
    while (frame := slot.take()) is not None:
        process(frame)
