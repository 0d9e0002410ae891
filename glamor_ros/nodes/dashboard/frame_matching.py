"""Which frame of a camera is shown: the one that the newest people were found in."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

_Frame = TypeVar("_Frame")


class FrameMatcher(Generic[_Frame]):
    """A camera's recent frames, which wait for the people that are found in them.

    Where no people are told of, every frame is shown at once.

    Args:
        max_bytes: The oldest frames are forgotten where all take more.
        people_timeout_s: Time without a message about people until frames are shown without.
        clock: Seconds that never run back.
    """

    def __init__(
        self,
        max_bytes: int,
        people_timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._people_timeout_s = people_timeout_s
        self._clock = clock
        self._frames: OrderedDict[int, tuple[_Frame, int]] = OrderedDict()
        self._bytes = 0
        self._people_came_at_s: float | None = None
        self._awaited_stamp_ns: int | None = None

    def add_frame(self, stamp_ns: int, frame: _Frame, size_bytes: int) -> _Frame | None:
        """Take a frame in.

        Args:
            stamp_ns: The frame's own stamp.
            frame: Anything.
            size_bytes: The memory that it takes.

        Returns:
            The frame if it is to be shown now: nobody tells of people, or they came before it.
        """
        if stamp_ns == self._awaited_stamp_ns or not self._people_are_told_of():
            self.clear()
            self._awaited_stamp_ns = None
            return frame
        self._forget(stamp_ns)
        self._frames[stamp_ns] = (frame, size_bytes)
        self._bytes += size_bytes
        while self._bytes > self._max_bytes and len(self._frames) > 1:
            self._forget(next(iter(self._frames)))
        return None

    def add_people(self, stamp_ns: int) -> _Frame | None:
        """Take in that people were told of.

        Args:
            stamp_ns: The stamp of the frame that they were found in.

        Returns:
            That frame, to be shown now; None where it is not there (yet).
        """
        self._people_came_at_s = self._clock()
        if stamp_ns not in self._frames:
            self._awaited_stamp_ns = stamp_ns
            return None
        self._awaited_stamp_ns = None
        frame, _ = self._frames[stamp_ns]
        while stamp_ns in self._frames:
            self._forget(next(iter(self._frames)))
        return frame

    def clear(self) -> None:
        """Forget all frames."""
        self._frames.clear()
        self._bytes = 0

    def _people_are_told_of(self) -> bool:
        return (
            self._people_came_at_s is not None
            and self._clock() - self._people_came_at_s < self._people_timeout_s
        )

    def _forget(self, stamp_ns: int) -> None:
        _, size_bytes = self._frames.pop(stamp_ns, (None, 0))
        self._bytes -= size_bytes
