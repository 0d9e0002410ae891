"""The newest frame of every camera, and the thread that works on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


class LatestFrames(Generic[Frame]):
    """One place for each camera, between the threads that receive and the one that works.

    A newer frame takes the place of the one before it, so nothing queues up.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._frames: dict[str, Frame] = {}
        self._is_closed = False

    def put(self, camera: str, frame: Frame) -> bool:
        """Leave a camera's frame.

        Returns:
            Whether it replaced one that nobody had taken.
        """
        with self._condition:
            replaced = camera in self._frames
            self._frames[camera] = frame
            self._condition.notify()
            return replaced

    def take(self) -> dict[str, Frame] | None:
        """Wait until there is a frame, and take the newest one of each camera that has one.

        Returns:
            The frames by their cameras' names; None once this is closed.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._frames or self._is_closed)
            if self._is_closed:
                return None
            frames, self._frames = self._frames, {}
            return frames

    def close(self) -> None:
        """End all waiting; frames that nobody has taken are lost."""
        with self._condition:
            self._is_closed = True
            self._frames = {}
            self._condition.notify_all()


class FrameWorker(Generic[Frame]):
    """A thread that works on the newest frames of all cameras, one batch after another.

    Args:
        process: Takes the frames by their cameras' names. It must not raise.
        name: Of the thread.
        on_end: Called in the thread when it has let go of `process` and what belongs to it.
    """

    def __init__(
        self,
        process: Callable[[Mapping[str, Frame]], None],
        name: str,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._frames: LatestFrames[Frame] = LatestFrames()
        # Held by the thread alone: once it has ended, nothing keeps what `process` works with.
        self._thread = _Thread(on_end, target=_work, args=(self._frames, process), name=name)
        self._thread.start()

    def submit(self, camera: str, frame: Frame) -> bool:
        """Leave a frame to be worked on; returns at once.

        Returns:
            Whether it replaced a waiting one, which is lost.
        """
        return self._frames.put(camera, frame)

    def close(self) -> None:
        """Begin no other batch; returns at once, while the thread may still finish its last."""
        self._frames.close()

    def join(self) -> None:
        """Wait for the end of the thread, after `close`."""
        self._thread.join()


class _Thread(threading.Thread):
    def __init__(self, on_end: Callable[[], None], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._on_end = on_end

    def run(self) -> None:
        super().run()  # which then drops its target and its arguments
        self._on_end()


def _work(latest: LatestFrames[Frame], process: Callable[[Mapping[str, Frame]], None]) -> None:
    while (frames := latest.take()) is not None:
        process(frames)
