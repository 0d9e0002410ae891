"""From perception's people to this package's messages."""

from __future__ import annotations

import array
import math

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from numpy.typing import NDArray
from sensor_msgs.msg import RegionOfInterest
from std_msgs.msg import Header

from glamor_ros.msg import (
    AttentionMap,
    AttentionMapArray,
    PersonEmotion,
    PersonEmotionArray,
)

from ..network.emotions import EMOTIONS
from ..perception import people
from ..perception.geometry import Region
from ..perception.people import PeopleInView, Person

_NOT_EVALUATED = np.full(len(EMOTIONS), math.nan, np.float32)


def people_message(view: PeopleInView, header: Header, latency_s: float) -> PersonEmotionArray:
    """Everybody in view; `header` is the source image's and is copied unchanged."""
    return PersonEmotionArray(
        header=header,
        image_width=view.image_width,
        image_height=view.image_height,
        people=[person_message(person, header) for person in view.people],
        latency=latency_s,
    )


def person_message(person: Person, header: Header) -> PersonEmotion:
    """One person, in the message's own words.

    What is not known is NaN: valence, arousal and position, which are not estimated; of this image
    where the network did not look at the face in it; all probabilities of a person who was never
    classified.
    """
    estimate = person.estimate if person.evaluated else None
    of_this_frame = _NOT_EVALUATED if estimate is None else estimate.probabilities
    index = person.emotion_index
    return PersonEmotion(
        header=header,
        person_id=person.person_id,
        face=region_message(person.face),
        face_score=person.face_score,
        observed=person.observed,
        searched=person.searched,
        since_detection=duration_message(person.since_detected_s),
        tracked_for=duration_message(person.tracked_for_s),
        emotion=PersonEmotion.UNKNOWN if index is None else index,
        emotion_name=person.emotion,
        confidence=person.confidence,
        probabilities=person.probabilities.astype(np.float32),
        frame_probabilities=of_this_frame.astype(np.float32),
        valence=math.nan,
        arousal=math.nan,
        face_weight=math.nan if estimate is None else estimate.face_weight,
        context_weight=math.nan if estimate is None else estimate.context_weight,
        position=Point(x=math.nan, y=math.nan, z=math.nan),
    )


def attention_message(view: PeopleInView, header: Header) -> AttentionMapArray:
    """The attention maps of the people whom the network looked at in this image.

    Nobody's for a network that does not look at the context.
    """
    return AttentionMapArray(
        header=header,
        maps=[
            _attention_map(person.person_id, person.attention, header)
            for person in view.people
            if person.evaluated and person.attention is not None
        ],
    )


def _attention_map(person_id: str, attention: people.AttentionMap, header: Header) -> AttentionMap:
    height, width = attention.weights.shape
    return AttentionMap(
        header=header,
        person_id=person_id,
        region=region_message(attention.region),
        height=height,
        width=width,
        weights=_float_array(attention.weights),
    )


def region_message(region: Region) -> RegionOfInterest:
    """A region of the image in pixels."""
    return RegionOfInterest(
        x_offset=region.x, y_offset=region.y, width=region.width, height=region.height
    )


def duration_message(seconds: float) -> Duration:
    """A duration of at least 0 s, to the nanosecond."""
    whole_s, nanoseconds = divmod(round(seconds * 1e9), 1_000_000_000)
    return Duration(sec=whole_s, nanosec=nanoseconds)


def _float_array(values: NDArray[np.floating]) -> array.array[float]:
    return array.array("f", values.astype(np.float32).tobytes())
