"""Camera images with the people in view marked."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..perception.geometry import Region
from ..perception.people import Person
from .labels import Label, Style, fit_label, place_label
from .palette import BgrColor, emotion_color, readable_on


def draw_people(image_bgr: NDArray[np.uint8], people: Sequence[Person]) -> NDArray[np.uint8]:
    """A copy of the image with everybody's face outlined and labelled.

    The outline has the colour of the emotion; the label gives person_id, emotion and confidence
    and lies inside the picture. Of faces that were not recognized in this image (hidden, or
    missed), only the corners are drawn.

    Args:
        image_bgr: (H, W, 3), uint8.
        people: The people in it.
    """
    picture = image_bgr.copy()
    height, width = picture.shape[:2]
    style = Style.for_picture(width, height)
    for person in people:
        draw_face(picture, person, style)
    for (label, region), person in zip(label_layout(people, width, height), people, strict=True):
        label.draw(picture, region, emotion_color(person.emotion))
    return picture


def label_layout(people: Sequence[Person], width: int, height: int) -> list[tuple[Label, Region]]:
    """The label of each person and its place in the picture.

    Labels avoid one another and the faces where there is room.

    Args:
        people: The people in the picture.
        width: The width of the picture in pixels.
        height: The height of the picture in pixels.
    """
    style = Style.for_picture(width, height)
    occupied = [person.face for person in people]
    layout = []
    for person in people:
        label = fit_label(_wordings(person), style, width, height)
        region = place_label(label, person.face, occupied, width, height)
        occupied.append(region)
        layout.append((label, region))
    return layout


def emotion_text(person: Person) -> str:
    """The person's emotion and its confidence as text: "Happy 87%", or "Unknown (blurred)"."""
    if person.emotion_index is None:
        return person.emotion_label
    return f"{person.emotion} {person.confidence:.0%}"


def draw_face(picture: NDArray[np.uint8], person: Person, style: Style) -> None:
    """Outline the face in the picture itself, with an edge that shows where the colour does not."""
    color = emotion_color(person.emotion)
    edge_width_px = style.line_width_px + 2 * max(style.line_width_px // 2, 1)
    for outline_color, width_px in (
        (readable_on(color), edge_width_px),
        (color, style.line_width_px),
    ):
        if person.evaluated:
            _draw_outline(picture, person.face, outline_color, width_px)
        else:
            _draw_corners(picture, person.face, outline_color, width_px)


def _draw_outline(
    picture: NDArray[np.uint8], region: Region, color: BgrColor, width_px: int
) -> None:
    cv2.rectangle(picture, (region.x, region.y, region.width, region.height), color, width_px)


def _draw_corners(
    picture: NDArray[np.uint8], region: Region, color: BgrColor, width_px: int
) -> None:
    right, bottom = region.x + region.width - 1, region.y + region.height - 1
    dx, dy = region.width // 4, region.height // 4
    for x, inward_x in ((region.x, dx), (right, -dx)):
        for y, inward_y in ((region.y, dy), (bottom, -dy)):
            cv2.line(picture, (x, y), (x + inward_x, y), color, width_px)
            cv2.line(picture, (x, y), (x, y + inward_y), color, width_px)


def _wordings(person: Person) -> list[tuple[str, ...]]:
    emotion = emotion_text(person)
    return [
        (f"{person.person_id}  {emotion}",),
        (person.person_id, emotion),
        (person.person_id, *emotion.split(maxsplit=1)),
    ]
