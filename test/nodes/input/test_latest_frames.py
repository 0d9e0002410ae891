from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial

from glamor_ros.nodes.input.latest_frames import FrameWorker, LatestFrames

PATIENCE_S = 10.0


class GatedProcess:
    """Works on a batch until it is released."""

    def __init__(self) -> None:
        self.processed: list[dict[str, int]] = []
        self.busy = threading.Event()
        self.released = threading.Event()
        self.done = threading.Condition()

    def __call__(self, frames: Mapping[str, int]) -> None:
        self.busy.set()
        assert self.released.wait(PATIENCE_S)
        with self.done:
            self.processed.append(dict(frames))
            self.done.notify_all()

    def wait_for(self, count: int) -> None:
        with self.done:
            assert self.done.wait_for(lambda: len(self.processed) >= count, PATIENCE_S)


def test_the_newest_frame_of_each_camera_is_taken() -> None:
    frames: LatestFrames[int] = LatestFrames()

    assert not frames.put("front", 1)
    assert not frames.put("rear", 10)
    assert frames.put("front", 2)
    assert frames.take() == {"front": 2, "rear": 10}
    assert not frames.put("front", 3)
    assert frames.take() == {"front": 3}


def test_closed_it_gives_nothing() -> None:
    frames: LatestFrames[int] = LatestFrames()
    frames.put("front", 1)
    frames.close()

    assert frames.take() is None


def test_a_busy_worker_skips_to_the_newest_frames_and_leaves_no_camera_out() -> None:
    process = GatedProcess()
    worker = FrameWorker(process, "test")
    assert not worker.submit("front", 1)
    assert process.busy.wait(PATIENCE_S)

    replaced = [worker.submit("front", frame) for frame in range(2, 11)]
    assert not worker.submit("rear", 100)
    process.released.set()
    process.wait_for(2)
    worker.close()
    worker.join()

    assert replaced == [False] + [True] * 8
    assert process.processed == [{"front": 1}, {"front": 10, "rear": 100}]


def test_close_returns_while_a_frame_is_in_work_and_drops_the_one_that_waits() -> None:
    process = GatedProcess()
    threads_before = threading.active_count()
    ended = threading.Event()
    worker = FrameWorker(process, "test", on_end=ended.set)
    worker.submit("front", 1)
    assert process.busy.wait(PATIENCE_S)
    worker.submit("front", 2)

    worker.close()

    # It has returned although the thread cannot have ended.
    assert process.processed == []
    assert not ended.is_set()
    process.released.set()
    worker.join()
    assert ended.is_set()
    assert process.processed == [{"front": 1}]
    assert threading.active_count() == threads_before


def test_a_worker_without_frames_ends() -> None:
    threads_before = threading.active_count()
    worker = FrameWorker(GatedProcess(), "test")

    worker.close()
    worker.join()

    assert threading.active_count() == threads_before


def test_errands_take_turns_with_frames() -> None:
    done: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def process(frames: Mapping[str, str]) -> None:
        begun.set()
        go_on.wait(10)
        done.extend(frames.values())

    worker = FrameWorker(process, "test")
    worker.submit("camera", "first")
    assert begun.wait(10)
    worker.submit("camera", "second")

    def errand(number: int) -> int:
        done.append(f"errand {number}")
        return number

    answers = [worker.ask(partial(errand, number)) for number in range(2)]
    go_on.set()
    assert [answer.result(10) for answer in answers] == [0, 1]
    assert done == ["first", "errand 0", "second", "errand 1"]
    failing = worker.ask(lambda: 1 / 0)
    assert isinstance(failing.exception(10), ZeroDivisionError)
    assert worker.ask(lambda: "goes on").result(10) == "goes on"
    worker.close()
    worker.join()
    assert worker.ask(lambda: "late").cancelled()


def test_errands_that_are_not_reached_are_cancelled() -> None:
    frames: LatestFrames[int] = LatestFrames()
    answer = frames.ask(lambda: "never")
    frames.close()
    assert answer.cancelled()
    assert frames.take() is None


def test_discarded_frames_are_not_taken() -> None:
    frames: LatestFrames[int] = LatestFrames()
    frames.put("camera", 1)
    frames.discard()
    frames.put("other", 2)
    assert frames.take() == {"other": 2}
