"""Rate, latency and drops from what a listener has written."""

import math
from pathlib import Path

import pytest

from benchmarks.arrivals import (
    Arrival,
    dropped_share,
    mean_people,
    rate_hz,
    rates_hz,
    read_arrivals,
)


def arrivals(rate: float, count: int, people: int = 2) -> list[Arrival]:
    return [
        Arrival("/emotions", 5 + i / rate + 0.04, 5 + i / rate, 0.03, people) for i in range(count)
    ]


def test_log_is_read_but_for_a_line_that_is_being_written(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('["/emotions", 2.5, 2.25, 0.2, 3]\n["/picture", 3, 2.5, null, 0]\n["/emo')
    first, second = read_arrivals(log)
    assert first == Arrival("/emotions", 2.5, 2.25, 0.2, 3)
    assert math.isnan(second.latency_s)
    assert read_arrivals(tmp_path / "nowhere.jsonl") == []


def test_rate_counts_intervals() -> None:
    assert rate_hz(arrivals(25.0, 51)) == pytest.approx(25.0)
    assert rate_hz(arrivals(25.0, 1)) == 0.0


def test_rates_of_windows_show_a_pause() -> None:
    steady = arrivals(10.0, 85)
    paused = steady[:20] + steady[60:]
    assert rates_hz(steady, 2.0) == pytest.approx([10.0] * 4, abs=0.5)
    assert rates_hz(paused, 2.0) == pytest.approx([10.0, 0.0, 0.0, 10.0], abs=0.5)
    assert rates_hz([], 2.0) == [0.0]


def test_dropped_share_follows_the_stamps() -> None:
    every_third = arrivals(30.0, 91)[::3]
    assert dropped_share(every_third, 30.0) == pytest.approx(1 - 31 / 91)
    assert dropped_share(arrivals(30.0, 90), 30.0) == 0.0
    assert dropped_share([], 30.0) == 1.0


def test_people_are_averaged() -> None:
    assert mean_people(arrivals(10.0, 2, people=1) + arrivals(10.0, 2, people=2)) == 1.5
    assert mean_people([]) == 0.0
