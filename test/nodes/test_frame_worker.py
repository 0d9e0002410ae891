from __future__ import annotations

import threading

from glamor_ros.nodes.input.frame_slot import FrameSlot
from glamor_ros.nodes.input.frame_worker import FrameWorker

PATIENCE_S = 10.0


class GatedProcess:
    """Works on a frame until it is released."""

    def __init__(self) -> None:
        self.processed: list[int] = []
        self.busy = threading.Event()
        self.released = threading.Event()
        self.done = threading.Condition()

    def __call__(self, frame: int) -> None:
        self.busy.set()
        assert self.released.wait(PATIENCE_S)
        with self.done:
            self.processed.append(frame)
            self.done.notify_all()

    def wait_for(self, count: int) -> None:
        with self.done:
            assert self.done.wait_for(lambda: len(self.processed) >= count, PATIENCE_S)


def test_the_newest_frame_replaces_one_that_waits() -> None:
    slot: FrameSlot[str] = FrameSlot()

    assert not slot.put("first")
    assert slot.put("second")
    assert slot.take() == "second"
    assert not slot.put("third")
    assert slot.take() == "third"


def test_a_closed_slot_gives_nothing() -> None:
    slot: FrameSlot[str] = FrameSlot()
    slot.put("frame")
    slot.close()

    assert slot.take() is None


def test_a_busy_worker_skips_to_the_newest_frame() -> None:
    process = GatedProcess()
    worker = FrameWorker(process, "test")
    assert not worker.submit(1)
    assert process.busy.wait(PATIENCE_S)

    replaced = [worker.submit(frame) for frame in range(2, 11)]
    process.released.set()
    process.wait_for(2)
    worker.stop()

    assert replaced == [False] + [True] * 8
    assert process.processed == [1, 10]


def test_stop_waits_for_the_frame_in_work_and_drops_the_one_that_waits() -> None:
    process = GatedProcess()
    threads_before = threading.active_count()
    worker = FrameWorker(process, "test")
    worker.submit(1)
    assert process.busy.wait(PATIENCE_S)
    worker.submit(2)

    stopper = threading.Thread(target=worker.stop)
    stopper.start()
    assert process.processed == []
    process.released.set()
    stopper.join(PATIENCE_S)

    assert process.processed == [1]
    assert threading.active_count() == threads_before


def test_a_worker_without_frames_stops() -> None:
    threads_before = threading.active_count()
    worker = FrameWorker(GatedProcess(), "test")

    worker.stop()

    assert threading.active_count() == threads_before
