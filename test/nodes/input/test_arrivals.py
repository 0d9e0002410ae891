from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from glamor_ros.nodes.input.arrivals import ArrivalMonitor, PaceMonitor

PERIOD_S = 1 / 30


def lost_share(stamps_s: Iterable[float]) -> float:
    monitor = ArrivalMonitor()
    for stamp_s in stamps_s:
        monitor.arrived(stamp_s)
    return monitor.lost_share()


def steady(count: int, arriving: float = 1.0, jitter_s: float = 0.002) -> list[float]:
    """Stamps of a camera of 30 Hz of which this share arrives."""
    chance = random.Random(1)
    stamps_s = [100 + i * PERIOD_S + chance.uniform(-jitter_s, jitter_s) for i in range(count)]
    return [stamp_s for stamp_s in stamps_s if chance.random() < arriving]


@pytest.mark.parametrize("arriving", [0.03, 0.1, 0.25])
def test_most_images_lost(arriving: float) -> None:
    assert lost_share(steady(int(100 / arriving), arriving)) > 0.5


@pytest.mark.parametrize("arriving", [1.0, 0.9, 0.8])
def test_few_images_lost(arriving: float) -> None:
    assert lost_share(steady(200, arriving)) == 0


def test_a_pause_is_no_loss() -> None:
    assert lost_share([*steady(30), *(stamp_s + 60 for stamp_s in steady(30))]) == 0


def test_no_stamps_or_constant_ones_tell_nothing() -> None:
    assert lost_share([0.0] * 50) == 0
    assert lost_share([12.0] * 50) == 0


def test_bursts_are_no_steady_camera() -> None:
    assert lost_share(i * 0.1 + burst for i in range(40) for burst in (0.0, 0.002)) == 0


def test_a_pace_below_two_thirds_is_told() -> None:
    monitor = PaceMonitor()

    assert monitor.slow_pace(100.0, 0, 0) is None
    assert monitor.slow_pace(105.0, 150, 45) is None  # too early to tell
    assert monitor.slow_pace(110.0, 300, 90) == (9.0, 30.0)
    assert monitor.slow_pace(120.0, 600, 360) is None  # 27 of 30


def test_few_images_are_no_reason_for_a_judgement() -> None:
    monitor = PaceMonitor()

    monitor.slow_pace(100.0, 0, 0)
    assert monitor.slow_pace(110.0, 10, 2) is None
