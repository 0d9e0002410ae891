"""What REP-155 asks for, in values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sensor_msgs.msg import RegionOfInterest

from glamor_ros.messages.rep155 import (
    EXPRESSIONS,
    can_be_face_id,
    cropped_face,
    is_in_image,
    normalized_region,
    usable_region,
)
from glamor_ros.msg import PersonEmotion
from glamor_ros.network.emotions import EMOTIONS


def person(
    x: int = 0, y: int = 0, width: int = 0, height: int = 0, **more: object
) -> PersonEmotion:
    face = RegionOfInterest(x_offset=x, y_offset=y, width=width, height=height)
    return PersonEmotion(face=face, **more)


def test_every_emotion_is_an_expression_of_its_own() -> None:
    assert list(EXPRESSIONS) == list(range(len(EMOTIONS)))
    assert [(EMOTIONS[index], name) for index, name in EXPRESSIONS.items()] == [
        ("Anger", "angry"),
        ("Disgust", "disgusted"),
        ("Fear", "scared"),
        ("Happy", "happy"),
        ("Neutral", "neutral"),
        ("Sad", "sad"),
        ("Surprise", "surprised"),
    ]


def test_a_region_in_fractions_of_the_image() -> None:
    region = normalized_region(person(64, 120, 160, 240, face_score=0.75), 640, 480)

    assert region is not None
    assert (region.left, region.top, region.right, region.bottom) == (0.1, 0.25, 0.35, 0.75)
    assert region.confidence == 0.75


@pytest.mark.parametrize(("score", "confidence"), [(1.4, 1.0), (-0.2, 0.0), (0.0, 0.0)])
def test_a_score_without_bounds_becomes_a_confidence(score: float, confidence: float) -> None:
    region = normalized_region(person(0, 0, 10, 10, face_score=score), 10, 10)

    assert region is not None
    assert region.confidence == confidence
    assert (region.right, region.bottom) == (1.0, 1.0)


def test_no_region_without_pixels() -> None:
    assert normalized_region(person(5, 5, 0, 10), 640, 480) is None
    assert normalized_region(person(5, 5, 10, 10), 0, 0) is None


def test_a_strange_region_is_cut_to_the_image_or_refused() -> None:
    region = usable_region(-0.1, 0.2, 1.3, 0.4, math.nan)

    assert region is not None
    assert (region.left, region.top, region.right, region.bottom) == (0.0, 0.2, 1.0, 0.4)
    assert region.confidence == 0.0
    assert usable_region(0.5, 0.2, 0.5, 0.4, 1.0) is None
    assert usable_region(0.6, 0.2, 0.5, 0.4, 1.0) is None
    assert usable_region(1.1, 0.2, 1.5, 0.4, 1.0) is None
    assert usable_region(math.nan, 0.2, 0.5, 0.4, 1.0) is None


@pytest.mark.parametrize(
    ("face_id", "is_one"),
    [
        ("person_12", True),
        ("qzxav", True),
        ("f00001", True),
        ("23bd5", False),
        ("", False),
        ("a/b", False),
        ("a b", False),
        ("a__b", False),
    ],
)
def test_which_ids_can_have_topics(face_id: str, is_one: bool) -> None:
    assert can_be_face_id(face_id) is is_one


def test_a_face_is_in_the_image_unless_it_was_missed() -> None:
    assert is_in_image(PersonEmotion(observed=True, searched=True))
    assert is_in_image(PersonEmotion(observed=False, searched=False))
    assert not is_in_image(PersonEmotion(observed=False, searched=True))


def test_a_cropped_face_keeps_its_shape_between_black_bars() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[20:60, 50:70] = (10, 20, 30)

    picture = cropped_face(image, person(50, 20, 20, 40), 128, 64)

    assert picture is not None
    assert picture.shape == (64, 128, 3)
    assert (picture[:, 48:80] == (10, 20, 30)).all()
    assert not picture[:, :48].any()
    assert not picture[:, 80:].any()


def test_no_picture_of_a_face_outside_of_the_image() -> None:
    image = np.zeros((100, 200, 3), np.uint8)

    assert cropped_face(image, person(200, 0, 20, 20), 128, 128) is None
