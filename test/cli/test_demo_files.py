"""What the demo makes of messages, here without ROS."""

from __future__ import annotations

import array
import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from glamor_ros.cli.demo.recording import DemoRecording, message_to_json
from glamor_ros.cli.demo.statistics import DemoStatistics
from glamor_ros.media.videos import VideoReader
from glamor_ros.network.emotions import UNKNOWN_EMOTION


@dataclass
class FakeMessage:
    """Shaped like a generated message."""

    def get_fields_and_field_types(self) -> dict[str, str]:
        return {field.name: str(field.type) for field in fields(self)}


@dataclass
class Inner(FakeMessage):
    value: float
    numbers: Any


@dataclass
class Outer(FakeMessage):
    name: str
    count: int
    flag: bool
    inner: list[Inner]


def people_message(latency: float, *people: tuple[str, str, float]) -> SimpleNamespace:
    return SimpleNamespace(
        latency=latency,
        people=[
            SimpleNamespace(
                person_id=person_id,
                emotion_name=emotion,
                unknown_reason="blurred" if emotion == UNKNOWN_EMOTION else "",
                confidence=confidence,
                face_weight=0.25,
                context_weight=math.nan,
                tracked_for=SimpleNamespace(sec=3, nanosec=500_000_000),
            )
            for person_id, emotion, confidence in people
        ],
    )


def test_messages_become_json_that_every_reader_takes() -> None:
    message = Outer(
        "x",
        3,
        True,
        [Inner(math.nan, np.array([0.5, math.inf], np.float32)), Inner(1.5, array.array("I", [7]))],
    )
    expected = {
        "name": "x",
        "count": 3,
        "flag": True,
        "inner": [{"value": None, "numbers": [0.5, None]}, {"value": 1.5, "numbers": [7]}],
    }
    assert message_to_json(message) == expected
    assert json.loads(json.dumps(message_to_json(message), allow_nan=False)) == expected


def test_the_video_runs_in_real_time_whatever_the_rate(tmp_path: Path) -> None:
    """Images at 0, 0.1 and 2 s: the middle one is seen for the longest time."""
    with DemoRecording(tmp_path) as recording:
        for value, stamp_s in [(50, 1000.0), (130, 1000.1), (220, 1002.0)]:
            recording.annotated_image(np.full((48, 64, 3), value, np.uint8), stamp_s)
    reader = VideoReader(tmp_path / "annotated.webm")
    values = [float(frame.image_bgr.mean()) for frame in reader.frames()]
    assert reader.rate_hz == 15.0
    assert len(values) == 31
    assert values[0] == pytest.approx(50, abs=8)
    np.testing.assert_allclose(values[2:30], 130, atol=8)
    assert values[-1] == pytest.approx(220, abs=8)


def test_a_recording_begins_anew(tmp_path: Path) -> None:
    for old in ("attention_007.png", "annotated.webm", "emotions.jsonl", "mine.txt"):
        (tmp_path / old).write_text("old")
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    with DemoRecording(tmp_path) as recording:
        for stamp_s in (10.0, 10.5, 11.9, 12.0, 12.1, 14.5):
            recording.attention_image(image, stamp_s)
        recording.emotions(Inner(0.5, [1]))
        recording.emotions(Inner(0.25, []))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "attention.jsonl",
        "attention_001.png",
        "attention_002.png",
        "attention_003.png",
        "emotions.jsonl",
        "mine.txt",
    ]
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "attention_002.png")), image)
    lines = [json.loads(line) for line in (tmp_path / "emotions.jsonl").read_text().splitlines()]
    assert lines == [{"value": 0.5, "numbers": [1]}, {"value": 0.25, "numbers": []}]


def record_and_fail(folder: Path) -> None:
    with DemoRecording(folder) as recording:
        recording.annotated_image(np.zeros((48, 64, 3), np.uint8), 0.0)
        raise KeyError


def test_what_is_recorded_is_kept_when_the_demo_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        record_and_fail(tmp_path)
    assert VideoReader(tmp_path / "annotated.webm").frame_count == 1


def test_statistics() -> None:
    statistics = DemoStatistics()
    assert statistics.summary_lines() == ["no message arrived"]
    assert statistics.rate_hz == 0.0
    statistics.live_table()
    for index in range(41):
        people = [("person_1", "Happy" if index % 4 else "Sad", 0.5)]
        if index >= 30:
            people.append(("person_2", "Neutral", 0.75))
        statistics.add(people_message(0.1 if index < 30 else 0.2, *people), 100 + index / 10)
    assert statistics.message_count == 41
    assert statistics.duration_s == pytest.approx(4.0)
    assert statistics.rate_hz == pytest.approx(10.0)
    assert statistics.live_line() == (
        "  4.0 s  10.0 Hz  latency 200 ms: person_1 Sad 50% (face 25%, context -); "
        "person_2 Neutral 75% (face 25%, context -)"
    )
    assert statistics.live_table().row_count == 2
    assert statistics.summary_lines() == [
        "41 messages in 4.0 s (10.0 Hz), latency 100 ms in the median, 200 ms at most in 95 %",
        "person_1: in 41 messages, Happy in 73% of them, mean confidence 50%",
        "person_2: in 11 messages, Neutral in 100% of them, mean confidence 75%",
    ]


def test_why_an_emotion_is_unknown_is_said() -> None:
    statistics = DemoStatistics()
    statistics.add(people_message(0.1, ("person_1", UNKNOWN_EMOTION, 0.5)), 5.0)
    assert "person_1 Unknown (blurred) 50%" in statistics.live_line()
    assert "Unknown (blurred) in 100% of them" in statistics.summary_lines()[-1]


def test_nobody_in_view_is_said() -> None:
    statistics = DemoStatistics()
    statistics.add(people_message(0.1), 5.0)
    assert statistics.live_line().endswith("nobody in view")
    assert statistics.summary_lines()[-1] == "nobody was in view"
