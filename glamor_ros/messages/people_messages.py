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
    """One person. Valence, arousal and position are NaN: not estimated.

    frame_probabilities, face_weight and context_weight are NaN where the network did not look at
    the face in this image.
    """
    estimate = person.estimate
    of_this_frame = estimate.probabilities if person.evaluated else _NOT_EVALUATED
    return PersonEmotion(
        header=header,
        person_id=person.person_id,
        face=region_message(person.face),
        face_score=person.face_score,
        observed=person.observed,
        tracked_for=duration_message(person.tracked_for_s),
        emotion=person.emotion_index,
        emotion_name=person.emotion,
        confidence=person.confidence,
        probabilities=person.probabilities.astype(np.float32),
        frame_probabilities=of_this_frame.astype(np.float32),
        valence=math.nan,
        arousal=math.nan,
        face_weight=estimate.face_weight if person.evaluated else math.nan,
        context_weight=estimate.context_weight if person.evaluated else math.nan,
        position=Point(x=math.nan, y=math.nan, z=math.nan),
    )


def attention_message(view: PeopleInView, header: Header) -> AttentionMapArray:
    """The attention maps of the people whom the network looked at in this image.

    Nobody's for a network that does not look at the context.
    """
    return AttentionMapArray(
        header=header,
        maps=[
            _attention_map(person.person_id, person.estimate.attention, header)
            for person in view.people
            if person.evaluated and person.estimate.attention is not None
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
