from __future__ import annotations

import math

from glamor_ros.nodes.input.image_statistics import ImageStatistics


def test_summary() -> None:
    statistics = ImageStatistics(received=10, dropped=3, rejected=2, failed=1, late=1)
    for latency_s in (0.010, 0.020, 0.030):
        statistics.add_processed(1, latency_s)

    assert statistics.handled == 7
    assert statistics.summary() == (
        "10 images received, 3 processed, 3 dropped for newer ones, 1 late, 2 unusable, 1 failed; "
        "latency p50 20.0 ms, p95 29.0 ms"
    )


def test_summary_without_images() -> None:
    assert ImageStatistics().summary().endswith("0 unusable, 0 failed")


def test_a_latency_that_is_not_known_stays_out_of_the_percentiles() -> None:
    statistics = ImageStatistics()
    for latency_s in (math.nan, 0.010, math.nan):
        statistics.add_processed(1, latency_s)

    assert statistics.processed == 3
    assert statistics.summary().endswith("latency p50 10.0 ms, p95 10.0 ms")
