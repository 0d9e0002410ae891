"""What the page is told."""

from __future__ import annotations

import json
import math
import struct

from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Point
from sensor_msgs.msg import RegionOfInterest
from std_msgs.msg import Header

from glamor_ros.msg import AttentionMap, AttentionMapArray, PersonEmotion, PersonEmotionArray
from glamor_ros.nodes.dashboard.arrival_statistics import ArrivalSummary
from glamor_ros.nodes.dashboard.diagnostics import FORGET_AFTER_S, MAX_COMPONENTS, Diagnostics
from glamor_ros.nodes.dashboard.page_messages import (
    attention_text,
    camera_status,
    people_text,
    picture_bytes,
    status_text,
    welcome_text,
)
from glamor_ros.nodes.input.waiting_images import stamp_ns
from glamor_ros.visualization.palette import EMOTION_COLORS, HEAT_COLORS

from .test_frame_matching import Clock

# More digits than a double holds.
STAMP = Time(sec=1_795_576_042, nanosec=123_456_789)
HEADER = Header(stamp=STAMP, frame_id="camera")


def person(**changes: object) -> PersonEmotion:
    values = {
        "header": HEADER,
        "person_id": "person_1",
        "face": RegionOfInterest(x_offset=10, y_offset=20, width=30, height=40),
        "observed": True,
        "tracked_for": Duration(sec=2, nanosec=500_000_000),
        "emotion": PersonEmotion.HAPPY,
        "emotion_name": "Happy",
        "confidence": 0.75,
        "probabilities": [0.0, 0.0, 0.25, 0.75, 0.0, 0.0, 0.0],
        "face_weight": 0.6,
        "context_weight": 0.4,
        "position": Point(x=0.0, y=3.0, z=4.0),
    }
    return PersonEmotion(**{**values, **changes})


def test_people() -> None:
    message = PersonEmotionArray(
        header=HEADER, image_width=640, image_height=480, people=[person()], latency=0.1
    )

    told = json.loads(people_text("front", message))

    assert told["stamp"] == "1795576042123456789"
    assert (told["type"], told["camera"], told["width"], told["height"]) == (
        "people",
        "front",
        640,
        480,
    )
    assert told["people"] == [
        {
            "id": "person_1",
            "box": [10, 20, 30, 40],
            "observed": True,
            "tracked_s": 2.5,
            "emotion": "Happy",
            "unknown_reason": "",
            "confidence": 0.75,
            "probabilities": [0.0, 0.0, 0.25, 0.75, 0.0, 0.0, 0.0],
            "face_weight": 0.6,
            "context_weight": 0.4,
            "distance_m": 5.0,
        }
    ]


def test_what_is_not_known_is_null() -> None:
    unknown = person(
        emotion=PersonEmotion.UNKNOWN,
        emotion_name="Unknown",
        unknown_reason="not read",
        confidence=math.nan,
        probabilities=[math.nan] * 7,
        face_weight=math.nan,
        context_weight=math.nan,
        position=Point(x=math.nan, y=math.nan, z=math.nan),
    )

    told = json.loads(people_text("", PersonEmotionArray(people=[unknown])))["people"][0]

    assert told["probabilities"] == [None] * 7
    names = ("confidence", "face_weight", "context_weight", "distance_m")
    assert [told[name] for name in names] == [None] * 4
    assert told["emotion"] in EMOTION_COLORS
    assert told["unknown_reason"] == "not read"


def test_attention_is_cool_without_a_focus_and_hot_at_one() -> None:
    even = AttentionMap(person_id="even", height=2, width=2, weights=[0.25] * 4)
    focused = AttentionMap(
        person_id="focused",
        region=RegionOfInterest(x_offset=1, y_offset=2, width=3, height=4),
        height=2,
        width=2,
        weights=[0.85, 0.05, 0.05, 0.05],
    )
    message = AttentionMapArray(header=HEADER, maps=[even, focused, AttentionMap()])

    told = json.loads(attention_text("front", message))

    assert told["stamp"] == str(stamp_ns(STAMP))
    assert set(told["maps"]) == {"even", "focused"}, "a map without cells cannot be shown"
    assert told["maps"]["even"]["heat"] == [85] * 4  # a third of the hottest
    assert told["maps"]["focused"] == {
        "region": [1, 2, 3, 4],
        "rows": 2,
        "columns": 2,
        "heat": [255, 15, 15, 15],
    }


def test_a_broken_attention_map_is_still_json() -> None:
    broken = AttentionMap(person_id="a", height=1, width=2, weights=[math.nan, math.inf])

    json.loads(attention_text("", AttentionMapArray(maps=[broken])))


def test_the_colours_are_the_palette_s() -> None:
    told = json.loads(welcome_text(["front", "rear"]))

    assert told["cameras"] == ["front", "rear"]
    assert told["emotion_colors"] == dict(EMOTION_COLORS)
    assert [told["emotion_colors"][one] for one in told["emotions"]][3] == "#F0E442"
    assert len(told["heat_colors"]) == 256
    blue, green, red = (int(channel) for channel in HEAT_COLORS[200, 0])
    assert told["heat_colors"][200] == [red, green, blue]


def test_a_picture_carries_its_camera_and_stamp() -> None:
    data = picture_bytes(3, stamp_ns(STAMP), b"\xff\xd8jpeg")

    assert struct.unpack(">BQ", data[:9]) == (3, 1_795_576_042_123_456_789)
    assert data[9:] == b"\xff\xd8jpeg"
    assert picture_bytes(0, stamp_ns(Time(sec=-5)), b"")[1:9] == bytes(8)


def test_the_status() -> None:
    clock = Clock()
    diagnostics = Diagnostics(clock)
    level = DiagnosticStatus.WARN
    values = [KeyValue(key="time detection [ms]", value="12.5")]
    one = DiagnosticStatus(level=level, name="emotion_node", message="slow", values=values)
    diagnostics.add(DiagnosticArray(status=[one]))
    clock.now_s += 2
    cameras = {
        "front": camera_status(ArrivalSummary(25.0, 0.05, 0.08, 0.01), None),
    }
    services = {"can_pause": True, "can_reset": False, "paused": None}

    told = json.loads(status_text(cameras, services, diagnostics.statuses(), viewers=2))

    assert told["cameras"]["front"] == {
        "rate_hz": 25.0,
        "latency_median_s": 0.05,
        "latency_p95_s": 0.08,
        "people_age_s": 0.01,
        "image_rate_hz": None,
        "image_age_s": None,
    }
    assert told["services"] == services
    assert told["viewers"] == 2
    assert told["diagnostics"] == [
        {
            "name": "emotion_node",
            "level": 1,
            "message": "slow",
            "values": [["time detection [ms]", "12.5"]],
            "age_s": 2.0,
        }
    ]


def test_diagnostics_are_bounded_and_forgotten() -> None:
    clock = Clock()
    diagnostics = Diagnostics(clock)
    for number in range(MAX_COMPONENTS + 50):
        diagnostics.add(DiagnosticArray(status=[DiagnosticStatus(name=f"{number:03}")]))
    diagnostics.add(DiagnosticArray(status=[DiagnosticStatus(name="000", message="new")]))

    assert len(diagnostics.statuses()) == MAX_COMPONENTS
    assert diagnostics.statuses()[0][0].message == "new"
    clock.now_s += FORGET_AFTER_S / 2
    diagnostics.add(DiagnosticArray(status=[DiagnosticStatus(name="001")]))
    clock.now_s += FORGET_AFTER_S / 2 + 1
    assert [status.name for status, _ in diagnostics.statuses()] == ["001"]


def test_a_map_that_contradicts_itself_is_left_out() -> None:
    attention = AttentionMap(person_id="a", weights=[0.5, 0.5], height=1, width=1)

    assert json.loads(attention_text("", AttentionMapArray(maps=[attention])))["maps"] == {}
