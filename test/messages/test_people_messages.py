from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from glamor_ros.messages.people_messages import (
    attention_message,
    duration_message,
    people_message,
    person_message,
)
from glamor_ros.msg import PersonEmotion
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.perception.detection.face_detector import FaceDetection
from glamor_ros.perception.evidence import Weakness
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.perception.people import AttentionMap, EmotionEstimate, PeopleInView, Person

HEADER = Header(stamp=Time(sec=12, nanosec=345), frame_id="camera")


def person(person_id: str, *, observed: bool = True, evaluated: bool = True) -> Person:
    attention = np.arange(49, dtype=np.float32).reshape(7, 7)
    return Person(
        person_id=person_id,
        face=Region(10, 20, 30, 40),
        detection=FaceDetection(Box(10, 20, 40, 60), 1.5) if observed else None,
        face_score=1.5,
        tracked_for_s=2.25,
        probabilities=np.array([0, 0, 0, 0.75, 0.25, 0, 0], np.float32),
        estimate=EmotionEstimate(
            probabilities=np.array([0, 0, 0, 0.5, 0.5, 0, 0], np.float32),
            face_weight=0.625,
            context_weight=0.375,
            attention=AttentionMap(attention / attention.sum(), Region(1, 2, 300, 200)),
        ),
        evaluated=evaluated,
        searched=observed,
        since_detected_s=0.0 if observed else 0.375,
    )


def test_a_person() -> None:
    message = person_message(person("person_1"), HEADER)

    assert message.header == HEADER
    assert message.person_id == "person_1"
    face = message.face
    assert (face.x_offset, face.y_offset, face.width, face.height) == (10, 20, 30, 40)
    assert message.face_score == 1.5
    assert message.observed
    assert message.searched
    assert (message.since_detection.sec, message.since_detection.nanosec) == (0, 0)
    assert (message.tracked_for.sec, message.tracked_for.nanosec) == (2, 250_000_000)
    assert message.emotion == PersonEmotion.HAPPY
    assert message.emotion_name == "Happy"
    assert message.unknown_reason == ""
    assert message.confidence == 0.75
    assert message.probabilities.tolist() == [0, 0, 0, 0.75, 0.25, 0, 0]
    assert message.frame_probabilities.tolist() == [0, 0, 0, 0.5, 0.5, 0, 0]
    assert (message.face_weight, message.context_weight) == (0.625, 0.375)


def test_what_is_not_known_is_nan() -> None:
    position = person_message(person("person_1"), HEADER).position

    values = (position.x, position.y, position.z)
    assert all(math.isnan(value) for value in values)


def test_valence_and_arousal_are_the_expectation_of_the_words_coordinates() -> None:
    message = person_message(person("person_1"), HEADER)

    # 0.75 of happy (0.81, 0.51) and 0.25 of neutral, which is the origin.
    assert message.valence == pytest.approx(0.6075)
    assert message.arousal == pytest.approx(0.3825)


@pytest.mark.parametrize("reason", [one for one in Weakness if one is not Weakness.NOT_READ])
def test_too_little_evidence_is_unknown_with_the_probabilities(reason: Weakness) -> None:
    weak = replace(person("person_1"), evidence_weakness=reason)

    message = person_message(weak, HEADER)

    assert (message.emotion, message.emotion_name) == (PersonEmotion.UNKNOWN, "Unknown")
    assert message.unknown_reason == reason.value
    assert message.confidence == 0.75
    assert message.probabilities.tolist() == [0, 0, 0, 0.75, 0.25, 0, 0]
    assert math.isnan(message.valence)
    assert math.isnan(message.arousal)


def test_the_message_s_comments_name_every_reason() -> None:
    definition = (Path(__file__).parents[2] / "msg/PersonEmotion.msg").read_text()
    comments = " ".join(line.lstrip("# ") for line in definition.splitlines())
    assert [one.value for one in Weakness if f'"{one.value}"' not in comments] == []


def test_a_person_not_evaluated_has_nothing_of_this_frame() -> None:
    message = person_message(person("person_1", observed=False, evaluated=False), HEADER)

    assert not message.observed
    assert not message.searched
    assert (message.since_detection.sec, message.since_detection.nanosec) == (0, 375_000_000)
    assert message.probabilities.tolist() == [0, 0, 0, 0.75, 0.25, 0, 0]
    assert np.isnan(message.frame_probabilities).all()
    assert math.isnan(message.face_weight)
    assert math.isnan(message.context_weight)


def test_a_person_who_was_never_classified_is_unknown() -> None:
    nothing = np.full(7, np.nan, np.float32)
    hidden = replace(
        person("person_1"), probabilities=nothing, estimate=None, evaluated=False, searched=True
    )

    message = person_message(hidden, HEADER)

    assert (message.emotion, message.emotion_name) == (PersonEmotion.UNKNOWN, "Unknown")
    assert message.unknown_reason == "not read"
    assert math.isnan(message.confidence)
    assert np.isnan(message.probabilities).all()
    assert np.isnan(message.frame_probabilities).all()
    assert math.isnan(message.face_weight)
    assert len(attention_message(PeopleInView(640, 480, (hidden,)), HEADER).maps) == 0


@pytest.mark.parametrize("index", range(len(EMOTIONS)))
def test_the_constants_are_the_networks_classes(index: int) -> None:
    assert getattr(PersonEmotion, EMOTIONS[index].upper()) == index


def test_everybody_in_view() -> None:
    view = PeopleInView(640, 480, (person("person_1"), person("person_2")))

    message = people_message(view, HEADER, 0.125)

    assert message.header == HEADER
    assert (message.image_width, message.image_height) == (640, 480)
    assert [p.person_id for p in message.people] == ["person_1", "person_2"]
    assert message.latency == 0.125


def test_nobody_in_view() -> None:
    view = PeopleInView(640, 480, ())

    assert len(people_message(view, HEADER, 0.0).people) == 0
    assert len(attention_message(view, HEADER).maps) == 0


def test_attention_of_those_evaluated() -> None:
    evaluated, hidden = person("person_1"), person("person_2", evaluated=False)

    message = attention_message(PeopleInView(640, 480, (evaluated, hidden)), HEADER)

    assert message.header == HEADER
    (attention,) = message.maps
    assert attention.header == HEADER
    assert attention.person_id == "person_1"
    assert (attention.height, attention.width) == (7, 7)
    region = attention.region
    assert (region.x_offset, region.y_offset, region.width, region.height) == (1, 2, 300, 200)
    expected = np.arange(49, dtype=np.float32) / np.arange(49).sum()
    np.testing.assert_allclose(np.asarray(attention.weights), expected, rtol=1e-6)


def test_a_network_without_attention_gives_no_maps() -> None:
    whole = person("person_1")
    assert whole.estimate is not None
    blind = replace(whole, estimate=replace(whole.estimate, attention=None))

    assert len(attention_message(PeopleInView(640, 480, (blind,)), HEADER).maps) == 0


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0, (0, 0)), (1.5, (1, 500_000_000)), (2.9999999999, (3, 0)), (1e-9, (0, 1))],
)
def test_durations(seconds: float, expected: tuple[int, int]) -> None:
    message = duration_message(seconds)

    assert (message.sec, message.nanosec) == expected
