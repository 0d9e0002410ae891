"""Rates and latencies of what arrives."""

from __future__ import annotations

import math

import pytest

from glamor_ros.nodes.dashboard.arrival_statistics import ArrivalStatistics

from .test_frame_matching import Clock


def test_rate_and_latency_within_the_window() -> None:
    clock = Clock()
    arrivals = ArrivalStatistics(5.0, clock)
    for number in range(100):
        clock.now_s += 0.1
        arrivals.add(number / 1000)
    clock.now_s += 0.05

    summary = arrivals.summary()

    assert summary.rate_hz == pytest.approx(10)
    # The last 50 of 0..99 ms.
    assert summary.latency_median_s == pytest.approx(0.0745)
    assert summary.latency_p95_s == pytest.approx(0.097)
    assert summary.age_s == pytest.approx(0.05)


def test_silence_is_told_from_nothing_ever() -> None:
    clock = Clock()
    arrivals = ArrivalStatistics(5.0, clock)
    assert arrivals.summary().age_s is None

    arrivals.add(0.1)
    clock.now_s += 60
    summary = arrivals.summary()

    assert (summary.rate_hz, summary.latency_median_s, summary.age_s) == (0, None, 60)


def test_latencies_that_are_not_known_stay_out() -> None:
    clock = Clock()
    arrivals = ArrivalStatistics(5.0, clock)
    for latency_s in (math.nan, 0.02, math.nan):
        clock.now_s += 1
        arrivals.add(latency_s)

    summary = arrivals.summary()

    assert summary.rate_hz == pytest.approx(1)
    assert (summary.latency_median_s, summary.latency_p95_s) == (0.02, 0.02)
