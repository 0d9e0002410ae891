from __future__ import annotations

import math

import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from glamor_ros.messages.markers import (
    BAR_NAMESPACE,
    TEXT_NAMESPACE,
    MarkerSize,
    PeopleMarkers,
    face_transform,
)
from glamor_ros.messages.quantities import known_position, point_message
from glamor_ros.msg import PersonEmotion, PersonEmotionArray
from glamor_ros.perception.geometry import Position
from glamor_ros.visualization.palette import EMOTION_COLORS

HEADER = Header(stamp=Time(sec=12, nanosec=345), frame_id="camera_optical")
PLACE = Position(0.5, -0.2, 2.0)
TOP_OF_HEAD_M = 0.13  # above the middle of a face


def people(**emotions: tuple[str, float]) -> PersonEmotionArray:
    """People by their ids, with the names of their emotions and the confidence."""
    return PersonEmotionArray(
        header=HEADER,
        people=[
            PersonEmotion(header=HEADER, person_id=key, emotion_name=name, confidence=confidence)
            for key, (name, confidence) in emotions.items()
        ],
    )


def markers_of(array: MarkerArray, namespace: str) -> list[Marker]:
    return [marker for marker in array.markers if marker.ns == namespace]


def text_and_bar(array: MarkerArray) -> tuple[Marker, Marker]:
    (text,) = markers_of(array, TEXT_NAMESPACE)
    (bar,) = markers_of(array, BAR_NAMESPACE)
    return text, bar


def test_a_label_and_a_bar_in_the_frame_and_of_the_time_of_the_image() -> None:
    array = PeopleMarkers(MarkerSize(lifetime_s=1.25)).update(
        people(ann=("Happy", 0.75)), {"ann": PLACE}
    )

    text, bar = text_and_bar(array)
    assert len(array.markers) == 2
    assert (text.type, bar.type) == (Marker.TEXT_VIEW_FACING, Marker.CUBE)
    assert text.text == "ann\nHappy 75%"
    for marker in (text, bar):
        assert marker.header == HEADER
        assert marker.action == Marker.ADD
        assert (marker.lifetime.sec, marker.lifetime.nanosec) == (1, 250_000_000)
        assert marker.pose.orientation.w == 1.0
        assert (marker.pose.position.x, marker.pose.position.z) == (0.5, 2.0)


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0, 10.0])
def test_above_the_head_and_above_one_another(scale: float) -> None:
    array = PeopleMarkers(MarkerSize(scale=scale)).update(
        people(ann=("Happy", 0.75)), {"ann": PLACE}
    )

    text, bar = text_and_bar(array)
    # Up is against y.
    bar_bottom_m = PLACE.y - (bar.pose.position.y + bar.scale.y / 2)
    assert TOP_OF_HEAD_M < bar_bottom_m < TOP_OF_HEAD_M + 0.05
    # Its pose is in the middle of its two lines, each of which is scale.z high.
    text_bottom_m = PLACE.y - (text.pose.position.y + text.scale.z)
    bar_top_m = PLACE.y - (bar.pose.position.y - bar.scale.y / 2)
    assert 0 < text_bottom_m - bar_top_m < 0.05 * scale


@pytest.mark.parametrize(("name", "code"), EMOTION_COLORS.items())
def test_the_colour_is_the_emotion_s(name: str, code: str) -> None:
    array = PeopleMarkers(MarkerSize()).update(people(ann=(name, 0.5)), {"ann": PLACE})

    for marker in array.markers:
        color = marker.color
        channels = [round(255 * value) for value in (color.r, color.g, color.b, color.a)]
        assert bytes(channels) == bytes.fromhex(code.removeprefix("#")) + b"\xff"


@pytest.mark.parametrize(
    ("confidence", "width_m"), [(1.0, 0.6), (0.5, 0.3), (0.0, 0.02), (math.nan, 0.02)]
)
def test_the_bar_is_as_wide_as_the_emotion_is_certain(confidence: float, width_m: float) -> None:
    array = PeopleMarkers(MarkerSize(scale=2.0)).update(
        people(ann=("Sad", confidence)), {"ann": PLACE}
    )

    text, bar = text_and_bar(array)
    assert bar.scale.x == pytest.approx(width_m)
    assert bar.scale.y > 0
    assert bar.scale.z > 0
    assert text.text.startswith("ann\nSad")
    assert ("%" in text.text) == (confidence > 0)


def test_who_goes_is_deleted_once() -> None:
    markers = PeopleMarkers(MarkerSize())
    positions = {"ann": PLACE, "ben": PLACE}
    first = markers.update(people(ann=("Sad", 0.5), ben=("Fear", 0.5)), positions)
    number_of_ann = next(m.id for m in first.markers if m.text.startswith("ann"))

    second = markers.update(people(ben=("Fear", 0.5)), positions)
    third = markers.update(people(ben=("Fear", 0.5)), positions)

    deleted = [m for m in second.markers if m.action == Marker.DELETE]
    assert {(m.ns, m.id) for m in deleted} == {
        (TEXT_NAMESPACE, number_of_ann),
        (BAR_NAMESPACE, number_of_ann),
    }
    assert all(m.header == HEADER for m in deleted)
    assert [m.action for m in third.markers] == [Marker.ADD, Marker.ADD]
    assert {m.id for m in third.markers} == {1 - number_of_ann}


def test_who_has_no_position_any_more_is_deleted_and_comes_back() -> None:
    markers = PeopleMarkers(MarkerSize())
    ann = people(ann=("Sad", 0.5))
    markers.update(ann, {"ann": PLACE})

    without = markers.update(ann, {})
    back = markers.update(ann, {"ann": PLACE})

    assert [m.action for m in without.markers] == [Marker.DELETE] * 2
    assert [m.action for m in back.markers] == [Marker.ADD] * 2


def test_numbers_stay_with_the_person_and_are_not_used_again() -> None:
    markers = PeopleMarkers(MarkerSize())

    def number(name: str) -> int:
        array = markers.update(people(**{name: ("Sad", 0.5)}), {name: PLACE})
        (text,) = [m for m in array.markers if m.text]
        return int(text.id)

    ann = number("ann")
    assert number("ann") == ann
    assert number("ben") != ann


def test_clear_deletes_everything() -> None:
    markers = PeopleMarkers(MarkerSize())
    markers.update(
        people(ann=("Sad", 0.5), ben=("Fear", 0.5)), {"ann": PLACE, "ben": Position(1, 0, 3)}
    )

    assert [m.action for m in markers.clear(HEADER).markers] == [Marker.DELETE] * 4
    assert markers.clear(HEADER).markers == []


def test_a_face_s_frame_lies_at_the_face() -> None:
    transform = face_transform("person_7", PLACE, HEADER)

    assert transform.header == HEADER
    assert transform.child_frame_id == "face_person_7"
    moved = transform.transform.translation
    assert (moved.x, moved.y, moved.z) == (0.5, -0.2, 2.0)
    turned = transform.transform.rotation
    assert (turned.x, turned.y, turned.z, turned.w) == (0, 0, 0, 1)


def test_positions_go_into_messages_and_come_back() -> None:
    assert known_position(point_message(PLACE)) == PLACE
    unknown = point_message(None)
    assert math.isnan(unknown.x)
    assert math.isnan(unknown.y)
    assert math.isnan(unknown.z)
    assert known_position(unknown) is None
