"""How what a camera counts is judged."""

from __future__ import annotations

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from glamor_ros.nodes.emotion.health import CameraHealth, Health, HealthLimits
from glamor_ros.nodes.input.image_statistics import ImageStatistics

LIMITS = HealthLimits(min_rate_hz=5.0, max_latency_s=0.2)


class Watched:
    """A camera whose seconds pass one by one."""

    def __init__(self, name: str = "") -> None:
        self.statistics = ImageStatistics()
        self._now_s = 100.0
        self._health = CameraHealth(name, "/image", self.statistics, lambda: self._now_s)

    def second(
        self, processed: int = 0, rejected: int = 0, latency_s: float = 0.1, is_paused: bool = False
    ) -> Health:
        self.statistics.received += processed + rejected
        self.statistics.rejected += rejected
        for _ in range(processed):
            self.statistics.add_processed(3, latency_s)
        self._now_s += 1.0
        return self._health.judge(LIMITS, is_paused=is_paused)


def test_rates_and_latencies_are_of_the_last_five_seconds() -> None:
    camera = Watched()
    for _ in range(10):
        camera.second(processed=30, latency_s=9.0)
    for _ in range(5):
        health = camera.second(processed=10, latency_s=0.1)
    assert health.level == DiagnosticStatus.OK
    assert health.message == "10.0 Hz"
    assert health.values["rate published [Hz]"] == health.values["rate in [Hz]"] == "10.0"
    assert health.values["latency p95 [ms]"] == "100.0"
    assert health.values["published"] == "350"
    assert health.values["people"] == "3"


@pytest.mark.parametrize(
    ("second", "level", "message"),
    [
        ({"processed": 4}, DiagnosticStatus.WARN, "4.0 Hz, less than 5 Hz"),
        ({"processed": 9, "latency_s": 0.3}, DiagnosticStatus.WARN, "latency p95 0.30 s"),
        ({"processed": 9, "rejected": 1}, DiagnosticStatus.WARN, "1 of the last 10 images"),
        ({"rejected": 7}, DiagnosticStatus.ERROR, "none of the last 7 images could be used"),
        ({}, DiagnosticStatus.STALE, "no image on /image for 1 s or longer"),
        ({"is_paused": True}, DiagnosticStatus.OK, "paused"),
        ({"processed": 9, "latency_s": float("nan")}, DiagnosticStatus.OK, "9.0 Hz"),
    ],
)
def test_levels(second: dict[str, float], level: bytes, message: str) -> None:
    health = Watched().second(**second)  # type: ignore[arg-type]
    assert health.level == level
    assert health.message.startswith(message)


def test_dropped_images_are_told_by_camera() -> None:
    camera = Watched("front")
    camera.statistics.dropped = 4
    assert camera.second(processed=9).values["front/dropped"] == "4"


def test_those_whose_emotion_is_unknown_are_counted_by_reason() -> None:
    camera = Watched()
    assert camera.second(processed=9).values["emotion unknown"] == "0"
    camera.statistics.add_processed(4, 0.1, {"blurred": 2, "small": 1})
    assert camera.second().values["emotion unknown"] == "3 (2 blurred, 1 small)"
    camera.statistics.add_processed(4, 0.1)
    assert camera.second().values["emotion unknown"] == "0"
