from __future__ import annotations

import math

import pytest
from builtin_interfaces.msg import Time

from glamor_ros.nodes.input.stamps import CameraStamps
from glamor_ros.perception.frame import StampError


class Camera:
    """Stamps of a camera whose node's clock is moved by hand."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s
        self.said: list[str] = []
        self.stamps = CameraStamps(
            "/image", lambda: self.now_s, self.said.append, system_now_s=lambda: 77.0
        )


def test_a_stamp_is_a_time_and_has_an_age() -> None:
    camera = Camera()

    assert camera.stamps.stamp_s(Time(sec=999, nanosec=500_000_000)) == 999.5
    assert camera.stamps.age_s(Time(sec=999, nanosec=500_000_000)) == 0.5
    assert camera.said == []


def test_without_a_stamp_the_present_counts_and_the_age_is_not_known() -> None:
    camera = Camera()

    for _ in range(3):
        assert camera.stamps.stamp_s(Time()) == 1000.0
        assert math.isnan(camera.stamps.age_s(Time()))
    (line,) = camera.said
    assert "the images on /image have no stamp" in line


def test_where_the_clock_does_not_run_the_age_is_not_known() -> None:
    camera = Camera(now_s=0.0)

    assert camera.stamps.stamp_s(Time(sec=5)) == 5.0
    assert math.isnan(camera.stamps.age_s(Time(sec=5)))
    assert camera.stamps.stamp_s(Time()) == 77.0


def test_a_stamp_before_1970_is_an_error() -> None:
    with pytest.raises(StampError, match=r"negative \(-3 s\)"):
        Camera().stamps.stamp_s(Time(sec=-3))


def test_a_constant_stamp_is_mentioned_once() -> None:
    camera = Camera()

    for _ in range(3):
        camera.stamps.stamp_s(Time(sec=999))
    assert camera.said == []
    for _ in range(30):
        camera.stamps.stamp_s(Time(sec=999))
    (line,) = camera.said
    assert "all have the stamp 999.000 s" in line


@pytest.mark.parametrize(("stamp_s", "text"), [(1000, "2.0 h behind"), (15400, "2.0 h ahead of")])
def test_a_stamp_that_is_hours_off_is_mentioned_once(stamp_s: int, text: str) -> None:
    camera = Camera(now_s=8200.0)

    ages_s = [camera.stamps.age_s(Time(sec=stamp_s)) for _ in range(3)]

    assert ages_s == [8200.0 - stamp_s] * 3
    (line,) = camera.said
    assert text in line
