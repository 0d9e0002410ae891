"""Messages of ROS4HRI (hri_msgs 2) from this package's. Needs hri_msgs."""

from __future__ import annotations

from collections.abc import Sequence

from hri_msgs.msg import Expression, IdsList, NormalizedRegionOfInterest2D
from std_msgs.msg import Header

from glamor_ros.msg import PersonEmotion

from .rep155 import EXPRESSIONS, normalized_region


def ids_message(face_ids: Sequence[str], header: Header) -> IdsList:
    """The list of the faces that are followed."""
    return IdsList(header=header, ids=list(face_ids))


def roi_message(
    person: PersonEmotion, image_width: int, image_height: int
) -> NormalizedRegionOfInterest2D | None:
    """Where a person's face is; None where it holds no pixel."""
    region = normalized_region(person, image_width, image_height)
    if region is None:
        return None
    return NormalizedRegionOfInterest2D(
        header=person.header,
        xmin=region.left,
        ymin=region.top,
        xmax=region.right,
        ymax=region.bottom,
        c=region.confidence,
    )


def expression_message(person: PersonEmotion) -> Expression | None:
    """A person's emotion; None where it is unknown, for which hri_msgs has no value."""
    expression = EXPRESSIONS.get(person.emotion)
    if expression is None:
        return None
    return Expression(
        header=person.header,
        expression=expression,
        valence=person.valence,
        arousal=person.arousal,
        confidence=person.confidence,
    )
