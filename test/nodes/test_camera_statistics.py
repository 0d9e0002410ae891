from __future__ import annotations

from glamor_ros.nodes.emotion.camera_statistics import CameraStatistics


def test_summary() -> None:
    statistics = CameraStatistics(received=9, dropped=3, rejected=2, failed=1)
    for latency_s in (0.010, 0.020, 0.030):
        statistics.add_processed(latency_s)

    assert statistics.summary() == (
        "9 images received, 3 processed, 3 dropped for newer ones, 2 unusable, 1 failed; "
        "latency p50 20.0 ms, p95 29.0 ms"
    )


def test_summary_without_images() -> None:
    assert CameraStatistics().summary().endswith("0 unusable, 0 failed")
