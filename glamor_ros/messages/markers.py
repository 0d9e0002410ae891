"""People as markers and frames in space, for RViz, Foxglove and tf."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from geometry_msgs.msg import Point, Pose, Quaternion, Transform, TransformStamped, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from glamor_ros.msg import PersonEmotion, PersonEmotionArray

from ..network.emotions import emotion_label
from ..perception.geometry import Position
from ..visualization.palette import emotion_color
from .quantities import duration_message

TEXT_NAMESPACE, BAR_NAMESPACE = "person", "confidence"

_HEAD_TOP_ABOVE_FACE_M = 0.16
_BAR_WIDTH_M = 0.30
_MIN_BAR_WIDTH_M = 0.01
_BAR_HEIGHT_M = 0.025
_TEXT_LINES, _TEXT_HEIGHT_M = 2, 0.07
_GAP_M = 0.04


@dataclass(frozen=True)
class MarkerSize:
    """How large and how lasting markers are.

    Attributes:
        scale: Factor of all their sizes; 1: a bar for certainty is as wide as a head and a half.
        lifetime_s: After so long without a newer one a viewer removes a marker by itself.
    """

    scale: float = 1.0
    lifetime_s: float = 1.0


class PeopleMarkers:
    """The markers of the people before one camera: a label and a bar above each head.

    A viewer keeps what it is not told to delete, so this remembers who has markers.

    Args:
        size: How large and how lasting they are.
    """

    def __init__(self, size: MarkerSize) -> None:
        self._size = size
        self._numbers: dict[str, int] = {}
        self._next_number = 0

    def update(self, message: PersonEmotionArray, positions: Mapping[str, Position]) -> MarkerArray:
        """What a viewer has to add, change and delete.

        Args:
            message: The people.
            positions: Where they are, by their ids, in the frame of the message. People without a
                position have no markers.
        """
        shown = [person for person in message.people if person.person_id in positions]
        markers = self._deletions({person.person_id for person in shown}, message.header)
        for person in shown:
            number = self._number(person.person_id)
            position = positions[person.person_id]
            markers += _person_markers(person, position, number, message.header, self._size)
        return MarkerArray(markers=markers)

    def clear(self, header: Header) -> MarkerArray:
        """The deletion of all markers that there are."""
        return MarkerArray(markers=self._deletions(set(), header))

    def _deletions(self, staying: set[str], header: Header) -> list[Marker]:
        gone = [number for key, number in self._numbers.items() if key not in staying]
        self._numbers = {key: n for key, n in self._numbers.items() if key in staying}
        return [
            Marker(header=header, ns=namespace, id=number, action=Marker.DELETE)
            for number in gone
            for namespace in (TEXT_NAMESPACE, BAR_NAMESPACE)
        ]

    def _number(self, person_id: str) -> int:
        if person_id not in self._numbers:
            self._numbers[person_id] = self._next_number
            self._next_number += 1
        return self._numbers[person_id]


def face_transform(person_id: str, position: Position, header: Header) -> TransformStamped:
    """A frame at a person's face, `face_<person_id>`, with the axes of the camera's optical frame.

    Args:
        person_id: Whose face it is.
        position: Where it is.
        header: Of the image, whose frame is the parent.
    """
    return TransformStamped(
        header=header,
        child_frame_id=f"face_{person_id}",
        transform=Transform(
            translation=Vector3(x=position.x, y=position.y, z=position.z),
            rotation=Quaternion(w=1.0),
        ),
    )


def _person_markers(
    person: PersonEmotion, position: Position, number: int, header: Header, size: MarkerSize
) -> list[Marker]:
    # Up is against y in an optical frame.
    bar_y = position.y - _HEAD_TOP_ABOVE_FACE_M - _BAR_HEIGHT_M * size.scale / 2
    # RViz and Foxglove put the middle of all lines at a text's pose.
    text_above_bar_m = (_BAR_HEIGHT_M + _TEXT_LINES * _TEXT_HEIGHT_M) / 2 + _GAP_M
    text_y = bar_y - text_above_bar_m * size.scale
    # Of an emotion that is not named nothing is shown but why.
    is_named = person.emotion != PersonEmotion.UNKNOWN and math.isfinite(person.confidence)
    confidence = person.confidence if is_named else 0.0
    label = emotion_label(person.emotion_name, person.unknown_reason)
    text = _marker(TEXT_NAMESPACE, Marker.TEXT_VIEW_FACING, person, number, header, size)
    text.pose = _pose(position.x, text_y, position.z)
    text.scale = Vector3(z=_TEXT_HEIGHT_M * size.scale)
    text.text = f"{person.person_id}\n{label}"
    if confidence > 0:
        text.text += f" {confidence:.0%}"
    bar = _marker(BAR_NAMESPACE, Marker.CUBE, person, number, header, size)
    bar.pose = _pose(position.x, bar_y, position.z)
    bar.scale = Vector3(
        x=max(_BAR_WIDTH_M * confidence, _MIN_BAR_WIDTH_M) * size.scale,
        y=_BAR_HEIGHT_M * size.scale,
        z=_BAR_HEIGHT_M * size.scale,
    )
    return [text, bar]


def _marker(
    namespace: str,
    marker_type: int,
    person: PersonEmotion,
    number: int,
    header: Header,
    size: MarkerSize,
) -> Marker:
    blue, green, red = emotion_color(person.emotion_name)
    return Marker(
        header=header,
        ns=namespace,
        id=number,
        type=marker_type,
        action=Marker.ADD,
        color=ColorRGBA(r=red / 255, g=green / 255, b=blue / 255, a=1.0),
        lifetime=duration_message(size.lifetime_s),
    )


def _pose(x: float, y: float, z: float) -> Pose:
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(w=1.0))
