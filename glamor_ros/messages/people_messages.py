"""From perception's people to this package's messages."""

from __future__ import annotations

import array
import math

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from glamor_ros.msg import (
    AttentionMap,
    AttentionMapArray,
    PersonEmotion,
    PersonEmotionArray,
)

from ..network.circumplex import valence_and_arousal
from ..network.emotions import EMOTIONS
from ..perception import people
from ..perception.people import PeopleInView, Person
from .quantities import duration_message, point_message, region_message

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

    What is not known is NaN: the position without a calibration that can be used; of this image
    where the network did not look at the face in it; valence and arousal, which are derived from
    the probabilities, where no emotion is named; all probabilities of a person who was never
    classified.
    """
    estimate = person.estimate if person.evaluated else None
    of_this_frame = _NOT_EVALUATED if estimate is None else estimate.probabilities
    index, weakness = person.emotion_index, person.weakness
    valence, arousal = math.nan, math.nan
    if weakness is None:
        valence, arousal = valence_and_arousal(person.probabilities)
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
        unknown_reason="" if weakness is None else weakness.value,
        confidence=person.confidence,
        probabilities=person.probabilities.astype(np.float32),
        frame_probabilities=of_this_frame.astype(np.float32),
        valence=valence,
        arousal=arousal,
        face_weight=math.nan if estimate is None else estimate.face_weight,
        context_weight=math.nan if estimate is None else estimate.context_weight,
        position=point_message(person.position),
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


def _float_array(values: NDArray[np.floating]) -> array.array[float]:
    return array.array("f", values.astype(np.float32).tobytes())
