"""How much a face shows, and whether that is enough to say what it expresses."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .geometry import Box
from .settings import require_not_negative


class Weakness(enum.Enum):
    """Why nothing is said of a face's emotion; the value is the reason in words."""

    NOT_READ = "not read"
    SMALL = "small"
    CUT_OFF = "cut off"
    BLURRED = "blurred"
    TURNED_AWAY = "turned away"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Evidence:
    """What an emotion rests on. NaN: not measured, which is held against nobody.

    Attributes:
        size_px: The shorter side of the face's box in pixels of the source image.
        visible_fraction: How much of the face's box lies inside the image, 0 to 1.
        sharpness: Of the face as the network got it; see `recognition.sharpness`.
        turn: How far the head is turned to the side; see `FaceDetection`.
        confidence: The likeliest class's smoothed probability, 0 to 1.
    """

    size_px: float
    visible_fraction: float
    sharpness: float
    turn: float
    confidence: float

    @classmethod
    def of(
        cls,
        box: Box,
        image_size: tuple[int, int],
        probabilities: NDArray[np.float32],
        *,
        sharpness: float,
        turn: float,
    ) -> Evidence:
        """The evidence of a face in its image.

        Args:
            box: The face, where the image's edges do not cut it off.
            image_size: Width and height of the image in pixels.
            probabilities: Of the classes, (7,).
            sharpness: See Evidence.
            turn: See Evidence.
        """
        return cls(
            size_px=min(box.width, box.height),
            visible_fraction=box.visible_fraction(*image_size),
            sharpness=sharpness,
            turn=turn,
            confidence=float(probabilities.max()),
        )


@dataclass(frozen=True)
class EvidenceLimits:
    """How much evidence is enough; 0 takes a limit away. docs/unknown.md tells where they are from.

    Attributes:
        min_size_px: Smaller faces are too small.
        min_visible_fraction: Faces of which less lies in the image are cut off.
        min_sharpness: Faces with less are blurred.
        max_turn: Heads that are turned further are turned away.
        min_confidence: Emotions that are less probable are unsure.
        hysteresis: What was too weak has to be better than the limit by this fraction of it.

    Raises:
        ValueError: A value is negative or not finite.
    """

    min_size_px: float = 12.0
    min_visible_fraction: float = 0.8
    min_sharpness: float = 0.22
    max_turn: float = 0.5
    min_confidence: float = 0.5
    hysteresis: float = 0.1

    def __post_init__(self) -> None:
        require_not_negative(self)


def weakness(
    evidence: Evidence, limits: EvidenceLimits, before: Weakness | None = None
) -> Weakness | None:
    """Why the evidence is too weak; None: it is enough.

    Args:
        evidence: Of the face now.
        limits: What is enough.
        before: What this gave for the same face's last image: that limit is harder to meet now, so
            that a value which wavers about its limit does not.
    """

    def margin(reason: Weakness) -> float:
        return 1 + limits.hysteresis if reason is before else 1.0

    # Of what lies between 0 and 1, the best must do whatever the margin.
    visible_fraction = min(limits.min_visible_fraction * margin(Weakness.CUT_OFF), 1.0)
    confidence = min(limits.min_confidence * margin(Weakness.UNSURE), 1.0)
    if evidence.size_px < limits.min_size_px * margin(Weakness.SMALL):
        return Weakness.SMALL
    if evidence.visible_fraction < visible_fraction:
        return Weakness.CUT_OFF
    if evidence.sharpness < limits.min_sharpness * margin(Weakness.BLURRED):
        return Weakness.BLURRED
    if 0 < limits.max_turn / margin(Weakness.TURNED_AWAY) < evidence.turn:
        return Weakness.TURNED_AWAY
    if evidence.confidence < confidence:
        return Weakness.UNSURE
    return None
