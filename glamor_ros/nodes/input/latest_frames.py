"""The newest frame of every camera, and the thread that works on them and does errands."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

Frame = TypeVar("Frame")
Answer = TypeVar("Answer")


class _Errand:
    """Something to be done once, whose outcome somebody waits for."""

    def __init__(self, do: Callable[[], Any], answer: Future[Any]) -> None:
        self._do = do
        self.answer = answer

    def run(self) -> None:
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            outcome = self._do()
        except BaseException as error:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(outcome)


class LatestFrames(Generic[Frame]):
    """One place for each camera, between the threads that receive and the one that works.

    A newer frame takes the place of the one before it, so frames do not queue up. Errands do: each
    of them was asked for.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._frames: dict[str, Frame] = {}
        self._errands: deque[_Errand] = deque()
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

    def discard(self) -> None:
        """Lose the frames that nobody has taken."""
        with self._condition:
            self._frames = {}

    def ask(self, errand: Callable[[], Answer]) -> Future[Answer]:
        """Leave something else to be done between two batches of frames.

        Returns:
            What comes of it; cancelled where this is closed before its turn.
        """
        answer: Future[Answer] = Future()
        with self._condition:
            if not self._is_closed:
                self._errands.append(_Errand(errand, answer))
                self._condition.notify()
                return answer
        answer.cancel()
        return answer

    def take_errand(self) -> _Errand | None:
        """The errand that has waited longest; None where there is none."""
        with self._condition:
            return self._errands.popleft() if self._errands else None

    def take(self) -> dict[str, Frame] | None:
        """Wait until there is something to do, and take the newest frame of each camera.

        Returns:
            The frames by their cameras' names, none where only an errand waits; None once this is
            closed.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._frames or self._errands or self._is_closed)
            if self._is_closed:
                return None
            frames, self._frames = self._frames, {}
            return frames

    def close(self) -> None:
        """End all waiting; frames that nobody has taken are lost, and errands are cancelled."""
        with self._condition:
            self._is_closed = True
            self._frames = {}
            errands, self._errands = self._errands, deque()
            self._condition.notify_all()
        for errand in errands:
            errand.answer.cancel()


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

    def discard(self) -> None:
        """Lose the frames that wait."""
        self._frames.discard()

    def ask(self, errand: Callable[[], Answer]) -> Future[Answer]:
        """Have something else done by the thread; returns at once.

        Frames and errands take turns: after each batch of frames comes one errand.

        Returns:
            What comes of it; cancelled where the worker is closed before its turn.
        """
        return self._frames.ask(errand)

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
        if frames:
            process(frames)
        if (errand := latest.take_errand()) is not None:
            errand.run()
