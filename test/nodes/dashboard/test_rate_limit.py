"""The limit on pictures and attention maps."""

from __future__ import annotations

import random

import pytest

from glamor_ros.nodes.dashboard.rate_limit import RateLimit

from .test_frame_matching import Clock

CAMERA_RATE_HZ = 30


def admitted(max_rate_hz: float, times_s: list[float]) -> list[float]:
    clock = Clock()
    clock.now_s = 0.0
    limit = RateLimit(max_rate_hz, clock)
    passed = []
    for time_s in times_s:
        clock.now_s = time_s
        if limit.admits():
            passed.append(time_s)
    return passed


def uneven_times_s(count: int) -> list[float]:
    """Of a camera whose frames come up to 12 ms early or late."""
    noise = random.Random(0)
    return sorted(n / CAMERA_RATE_HZ + noise.uniform(-0.012, 0.012) for n in range(1, count + 1))


def test_a_camera_of_just_the_limit_passes_whole_although_it_is_uneven() -> None:
    times_s = uneven_times_s(300)

    assert admitted(CAMERA_RATE_HZ, times_s) == times_s


@pytest.mark.parametrize("max_rate_hz", [1.0, 7.0, 10.0, 29.0])
def test_of_a_faster_camera_no_more_pass_than_the_limit(max_rate_hz: float) -> None:
    seconds = 20

    count = len(admitted(max_rate_hz, uneven_times_s(seconds * CAMERA_RATE_HZ)))

    assert 0.95 * seconds * max_rate_hz <= count <= seconds * max_rate_hz + 2


def test_a_pause_is_not_made_up_for() -> None:
    burst_s = [100 + n / 1000 for n in range(100)]

    # One that is due, and one early.
    assert len(admitted(5.0, [0.0, *burst_s])) == 1 + 2
