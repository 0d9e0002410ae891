from __future__ import annotations

from glamor_ros.nodes.emotion.camera import FailureStreak


class Clock:
    now_s = 10.0

    def __call__(self) -> float:
        return self.now_s


def test_thirty_failures_in_a_row_are_hopeless() -> None:
    streak = FailureStreak(Clock())

    hopeless = []
    for _ in range(30):
        streak.failed()
        hopeless.append(streak.is_hopeless)

    assert hopeless == [False] * 29 + [True]
    assert streak.count == 30


def test_failures_now_and_then_are_not() -> None:
    streak = FailureStreak(Clock())

    for _ in range(100):
        streak.failed()
        assert not streak.is_hopeless
        streak.succeeded()


def test_slow_failures_are_hopeless_after_some_seconds() -> None:
    clock = Clock()
    streak = FailureStreak(clock)

    hopeless = []
    for clock.now_s in (10.0, 14.0, 15.0):
        streak.failed()
        hopeless.append(streak.is_hopeless)

    assert hopeless == [False, False, True]


def test_a_pause_after_a_failure_is_no_failure() -> None:
    clock = Clock()
    streak = FailureStreak(clock)

    streak.failed()
    clock.now_s = 100.0
    streak.failed()
    assert not streak.is_hopeless
