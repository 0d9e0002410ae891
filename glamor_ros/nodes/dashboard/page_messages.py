"""What is told to the page: JSON texts, and JPEGs behind a small header.

JavaScript's numbers do not hold a stamp's nanoseconds: stamps go as text. NaN goes as null.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import RegionOfInterest

from glamor_ros.msg import AttentionMap, AttentionMapArray, PersonEmotion, PersonEmotionArray

from ...network.emotions import EMOTIONS
from ...visualization.palette import EMOTION_COLORS, HEAT_COLORS, HOT_OVER_EVEN
from ..input.waiting_images import stamp_ns
from .arrival_statistics import ArrivalSummary

# Before a JPEG: the camera's number in the welcome, and the frame's stamp in ns; big-endian.
_PICTURE_HEADER = struct.Struct(">BQ")


def welcome_text(cameras: Sequence[str]) -> str:
    """What a page must know before all else: cameras, emotions, and the colours of everything."""
    heat_rgb = cv2.cvtColor(HEAT_COLORS, cv2.COLOR_BGR2RGB).reshape(-1, 3)
    return _dumps(
        {
            "type": "welcome",
            "cameras": list(cameras),
            "emotions": list(EMOTIONS),
            "emotion_colors": dict(EMOTION_COLORS),
            "heat_colors": heat_rgb.tolist(),
        }
    )


def people_text(camera: str, message: PersonEmotionArray) -> str:
    """Everybody in view of a camera."""
    return _dumps(
        {
            "type": "people",
            "camera": camera,
            "stamp": str(stamp_ns(message.header.stamp)),
            "width": message.image_width,
            "height": message.image_height,
            "people": [_person(person) for person in message.people],
        }
    )


def attention_text(camera: str, message: AttentionMapArray) -> str:
    """The attention maps of a camera's people; each cell's heat is 0 to 255."""
    return _dumps(
        {
            "type": "attention",
            "camera": camera,
            "stamp": str(stamp_ns(message.header.stamp)),
            "maps": {
                one.person_id: _attention(one)
                for one in message.maps
                if 0 < len(one.weights) == one.height * one.width
            },
        }
    )


def status_text(
    cameras: Mapping[str, Mapping[str, Any]],
    services: Mapping[str, Any],
    diagnostics: Iterable[tuple[DiagnosticStatus, float]],
    viewers: int,
) -> str:
    """How everything fares.

    Args:
        cameras: By name, what `camera_status` gives.
        services: Which of emotion_node's services are there, and whether it is paused.
        diagnostics: Each component's newest status and its age in seconds.
        viewers: How many there are.
    """
    return _dumps(
        {
            "type": "status",
            "cameras": cameras,
            "services": services,
            "diagnostics": [_diagnostic(status, age_s) for status, age_s in diagnostics],
            "viewers": viewers,
        }
    )


def camera_status(people: ArrivalSummary, images: ArrivalSummary | None) -> dict[str, Any]:
    """One camera's part of the status; images: None while nobody watches."""
    return {
        "rate_hz": people.rate_hz,
        "latency_median_s": people.latency_median_s,
        "latency_p95_s": people.latency_p95_s,
        "people_age_s": people.age_s,
        "image_rate_hz": None if images is None else images.rate_hz,
        "image_age_s": None if images is None else images.age_s,
    }


def picture_bytes(camera_number: int, frame_stamp_ns: int, jpeg: bytes) -> bytes:
    """A picture as it is sent.

    Args:
        camera_number: Its place in the welcome's cameras.
        frame_stamp_ns: Of the frame's header; a negative one goes as 0.
        jpeg: The file.
    """
    return _PICTURE_HEADER.pack(camera_number, max(frame_stamp_ns, 0)) + jpeg


def _person(person: PersonEmotion) -> dict[str, Any]:
    position = (person.position.x, person.position.y, person.position.z)
    return {
        "id": person.person_id,
        "box": _box(person.face),
        "observed": person.observed,
        "tracked_s": person.tracked_for.sec + person.tracked_for.nanosec * 1e-9,
        "emotion": person.emotion_name,
        "unknown_reason": person.unknown_reason,
        "confidence": _number(person.confidence),
        "probabilities": [_number(one) for one in person.probabilities],
        "face_weight": _number(person.face_weight),
        "context_weight": _number(person.context_weight),
        "distance_m": _number(math.hypot(*position)),
    }


def _attention(one: AttentionMap) -> dict[str, Any]:
    weights = np.asarray(one.weights, np.float32)
    hottest = max(float(weights.max()), HOT_OVER_EVEN / weights.size)
    heat = np.clip(weights / hottest * 255, 0, 255)
    return {
        "region": _box(one.region),
        "rows": one.height,
        "columns": one.width,
        "heat": np.nan_to_num(heat).astype(int).tolist(),
    }


def _diagnostic(status: DiagnosticStatus, age_s: float) -> dict[str, Any]:
    return {
        "name": status.name,
        "level": int.from_bytes(status.level, "little"),
        "message": status.message,
        "values": [[value.key, value.value] for value in status.values],
        "age_s": round(age_s, 1),
    }


def _box(region: RegionOfInterest) -> list[int]:
    return [region.x_offset, region.y_offset, region.width, region.height]


def _number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


def _dumps(message: Mapping[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"), allow_nan=False)
