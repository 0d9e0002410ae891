from __future__ import annotations

import math

import pytest

from glamor_ros.perception.geometry import Position
from glamor_ros.perception.speed_limit import SpeedLimit

BEGIN = Position(0.0, 0.0, 2.0)


def test_a_jump_is_approached_at_the_highest_speed() -> None:
    limit = SpeedLimit(2.0)
    jump = Position(0.6, 0.0, 2.8)  # 1 m away

    assert limit.update("ann", BEGIN, 10.0) == BEGIN
    after_100_ms = limit.update("ann", jump, 10.1)
    assert (after_100_ms.x, after_100_ms.y, after_100_ms.z) == pytest.approx((0.12, 0.0, 2.16))
    after_400_ms = limit.update("ann", jump, 10.4)
    assert math.dist((after_400_ms.x, after_400_ms.z), (0.0, 2.0)) == pytest.approx(0.8)
    assert limit.update("ann", jump, 10.6) == jump


def test_what_a_person_can_go_is_left_alone() -> None:
    limit = SpeedLimit(2.0)
    limit.update("ann", BEGIN, 10.0)
    step = Position(0.0, 0.0, 2.19)

    assert limit.update("ann", step, 10.1) == step


def test_without_a_limit_positions_are_left_alone() -> None:
    limit = SpeedLimit(math.inf)
    limit.update("ann", BEGIN, 10.0)

    assert limit.update("ann", Position(9.0, 9.0, 9.0), 10.001) == Position(9.0, 9.0, 9.0)


@pytest.mark.parametrize("stamp_s", [10.0, 3.0])
def test_a_time_that_does_not_go_on_begins_anew(stamp_s: float) -> None:
    limit = SpeedLimit(2.0)
    limit.update("ann", BEGIN, 10.0)
    jump = Position(5.0, 0.0, 2.0)

    assert limit.update("ann", jump, stamp_s) == jump
    # From there on, with the new time.
    assert limit.update("ann", BEGIN, stamp_s + 0.5).x == pytest.approx(4.0)


def test_people_are_told_apart_and_forgotten() -> None:
    limit = SpeedLimit(2.0)
    far = Position(5.0, 0.0, 2.0)
    limit.update("ann", BEGIN, 10.0)
    limit.update("ben", BEGIN, 10.0)

    limit.keep(["ben", "cleo"])

    assert limit.update("ann", far, 10.1) == far
    assert limit.update("ben", far, 10.1).x == pytest.approx(0.2)
