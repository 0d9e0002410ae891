"""REP-155's values for people: expressions, regions, cropped faces. Needs no hri_msgs.

REP-155, "Conventions, Topics, Interfaces for Perception in Human-Robot Interaction", and the
messages of the package hri_msgs 2 (ROS4HRI), which it refers to.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from glamor_ros.msg import PersonEmotion

# Of hri_msgs/Expression; the classes follow Ekman's six basic emotions there as here.
EXPRESSIONS: Mapping[int, str] = {
    PersonEmotion.ANGER: "angry",
    PersonEmotion.DISGUST: "disgusted",
    PersonEmotion.FEAR: "scared",
    PersonEmotion.HAPPY: "happy",
    PersonEmotion.NEUTRAL: "neutral",
    PersonEmotion.SAD: "sad",
    PersonEmotion.SURPRISE: "surprised",
}

# A token of a ROS 2 topic's name: REP-155's own example of an id, 23bd5, is none.
_TOPIC_TOKEN = re.compile(r"(?!.*__)[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class NormalizedRegion:
    """A rectangle of an image, in fractions of its width and height.

    Attributes:
        left: 0 to 1.
        top: 0 to 1.
        right: 0 to 1, more than left.
        bottom: 0 to 1, more than top.
        confidence: 0 to 1.
    """

    left: float
    top: float
    right: float
    bottom: float
    confidence: float


def can_be_face_id(person_id: str) -> bool:
    """Whether a face of this id can have topics of its own: `/humans/faces/<id>/…`."""
    return _TOPIC_TOKEN.fullmatch(person_id) is not None


def is_in_image(person: PersonEmotion) -> bool:
    """Whether a person's face is where the message says, as far as is known.

    False for one that was looked for in the image and not found.
    """
    return bool(person.observed or not person.searched)


def normalized_region(
    person: PersonEmotion, image_width: int, image_height: int
) -> NormalizedRegion | None:
    """Where a person's face is in an image.

    Args:
        person: The person.
        image_width: Of the image, in pixels.
        image_height: Of the image, in pixels.

    Returns:
        The region, with the detector's score, cut to 0 to 1, as its confidence; None where the
        face or the image holds no pixel.
    """
    face = person.face
    if min(face.width, face.height, image_width, image_height) <= 0:
        return None
    return NormalizedRegion(
        left=min(face.x_offset / image_width, 1.0),
        top=min(face.y_offset / image_height, 1.0),
        right=min((face.x_offset + face.width) / image_width, 1.0),
        bottom=min((face.y_offset + face.height) / image_height, 1.0),
        confidence=min(max(person.face_score, 0.0), 1.0),
    )


def usable_region(
    xmin: float, ymin: float, xmax: float, ymax: float, confidence: float
) -> NormalizedRegion | None:
    """A region as somebody else published it, cut to the image.

    Returns:
        The region; None where a value is not finite, or nothing of it lies in the image.
    """
    if not all(map(math.isfinite, (xmin, ymin, xmax, ymax))):
        return None
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in (xmin, ymin, xmax, ymax))
    if left >= right or top >= bottom:
        return None
    score = min(max(confidence, 0.0), 1.0) if math.isfinite(confidence) else 0.0
    return NormalizedRegion(left, top, right, bottom, score)


def cropped_face(
    image_bgr: NDArray[np.uint8], person: PersonEmotion, width: int, height: int
) -> NDArray[np.uint8] | None:
    """A person's face, scaled with its aspect ratio, in the middle of a black picture.

    Args:
        image_bgr: The image in which the person was found.
        person: The person.
        width: Of the picture, in pixels (REP-155: /humans/faces/width).
        height: Of the picture, in pixels (REP-155: /humans/faces/height).

    Returns:
        (height, width, 3) BGR; None where the face holds no pixel of the image.
    """
    region = person.face
    face = image_bgr[
        region.y_offset : region.y_offset + region.height,
        region.x_offset : region.x_offset + region.width,
    ]
    if face.size == 0:
        return None
    scale = min(width / face.shape[1], height / face.shape[0])
    scaled_width = min(max(round(face.shape[1] * scale), 1), width)
    scaled_height = min(max(round(face.shape[0] * scale), 1), height)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(face, (scaled_width, scaled_height), interpolation=interpolation)
    picture = np.zeros((height, width, 3), np.uint8)
    left, top = (width - scaled_width) // 2, (height - scaled_height) // 2
    picture[top : top + scaled_height, left : left + scaled_width] = scaled
    return picture
