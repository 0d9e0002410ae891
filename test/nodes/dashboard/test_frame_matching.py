"""Which frame is shown."""

from __future__ import annotations

from glamor_ros.nodes.dashboard.frame_matching import FrameMatcher


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def matcher(clock: Clock, max_bytes: int = 1000) -> FrameMatcher[str]:
    return FrameMatcher(max_bytes, people_timeout_s=3.0, clock=clock)


def test_every_frame_is_shown_while_nobody_tells_of_people() -> None:
    frames = matcher(Clock())

    assert frames.add_frame(1, "a", 10) == "a"
    assert frames.add_frame(2, "b", 10) == "b"


def test_the_frame_that_the_people_were_found_in_is_shown() -> None:
    frames = matcher(Clock())
    assert frames.add_people(0) is None

    assert [frames.add_frame(stamp, f"frame {stamp}", 10) for stamp in range(1, 6)] == [None] * 5
    assert frames.add_people(3) == "frame 3"
    assert frames.add_people(2) is None, "an older frame is gone"
    assert frames.add_people(5) == "frame 5"


def test_people_may_come_before_their_frame() -> None:
    frames = matcher(Clock())
    assert frames.add_people(7) is None

    assert frames.add_frame(6, "six", 10) is None
    assert frames.add_frame(7, "seven", 10) == "seven"
    assert frames.add_frame(8, "eight", 10) is None


def test_frames_are_shown_again_when_the_messages_about_people_stop() -> None:
    clock = Clock()
    frames = matcher(clock)
    frames.add_people(0)
    clock.now_s += 2.9
    assert frames.add_frame(1, "a", 10) is None
    clock.now_s += 0.2
    assert frames.add_frame(2, "b", 10) == "b"
    assert frames.add_people(1) is None, "a frame from before the shown one"


def test_the_memory_of_waiting_frames_is_bounded() -> None:
    frames = matcher(Clock(), max_bytes=35)
    frames.add_people(0)
    for stamp in range(1, 6):
        frames.add_frame(stamp, f"frame {stamp}", 10)

    assert frames.add_people(2) is None
    assert frames.add_people(3) == "frame 3"


def test_one_frame_may_be_larger_than_the_bound() -> None:
    frames = matcher(Clock(), max_bytes=5)
    frames.add_people(0)
    frames.add_frame(1, "large", 10)

    assert frames.add_people(1) == "large"


def test_a_stamp_that_repeats_is_counted_once() -> None:
    frames = matcher(Clock(), max_bytes=25)
    frames.add_people(0)
    for _ in range(10):
        frames.add_frame(1, "same", 10)
    frames.add_frame(2, "b", 10)

    assert frames.add_people(1) == "same"
    assert frames.add_people(2) == "b"
