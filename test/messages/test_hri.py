"""The messages of ROS4HRI."""

from __future__ import annotations

import math

import pytest
from builtin_interfaces.msg import Time
from sensor_msgs.msg import RegionOfInterest
from std_msgs.msg import Header

from glamor_ros.messages.rep155 import EXPRESSIONS
from glamor_ros.msg import PersonEmotion

pytest.importorskip("hri_msgs.msg", reason="hri_msgs is not installed")

from hri_msgs.msg import Expression

from glamor_ros.messages.hri import expression_message, ids_message, roi_message

HEADER = Header(stamp=Time(sec=12, nanosec=345), frame_id="camera")


def test_the_expressions_are_constants_of_hri_msgs() -> None:
    constants = {
        getattr(Expression, name)
        for name in ("ANGRY", "DISGUSTED", "SCARED", "HAPPY", "NEUTRAL", "SAD", "SURPRISED")
    }
    assert set(EXPRESSIONS.values()) == constants


def test_an_expression_with_the_header_of_the_image() -> None:
    person = PersonEmotion(
        header=HEADER,
        emotion=PersonEmotion.FEAR,
        confidence=0.625,
        valence=math.nan,
        arousal=0.5,
    )

    message = expression_message(person)

    assert message is not None
    assert message.header == HEADER
    assert (message.expression, message.confidence) == (Expression.SCARED, 0.625)
    assert math.isnan(message.valence)
    assert message.arousal == 0.5


def test_nobody_expresses_unknown() -> None:
    assert expression_message(PersonEmotion(emotion=PersonEmotion.UNKNOWN)) is None


def test_a_region_and_a_list() -> None:
    face = RegionOfInterest(x_offset=64, y_offset=120, width=160, height=240)
    roi = roi_message(PersonEmotion(header=HEADER, face=face, face_score=2.0), 640, 480)

    assert roi is not None
    assert roi.header == HEADER
    assert (roi.xmin, roi.ymin, roi.xmax, roi.ymax) == pytest.approx((0.1, 0.25, 0.35, 0.75))
    assert roi.c == 1.0
    assert roi_message(PersonEmotion(header=HEADER), 640, 480) is None
    ids = ids_message(["a", "b"], HEADER)
    assert (ids.header, list(ids.ids)) == (HEADER, ["a", "b"])
