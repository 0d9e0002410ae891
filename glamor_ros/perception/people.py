"""What is known of the people in an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..network.emotions import EMOTIONS
from .detection.face_detector import FaceDetection
from .geometry import Region


@dataclass(frozen=True)
class AttentionMap:
    """weights: (H, W) float32, sums to 1. region: the part of the source image that it covers."""

    weights: NDArray[np.float32]
    region: Region


@dataclass(frozen=True)
class EmotionEstimate:
    """What the network says of one face in one image.

    probabilities: (7,) float32, class order of EMOTIONS, sums to 1.
    face_weight, context_weight: the fusion's softmax, sum to 1; 1 and 0 for a network that
    classifies the face alone, 0 and 1 for the context alone.
    attention: None for a network that does not look at the context.
    """

    probabilities: NDArray[np.float32]
    face_weight: float
    context_weight: float
    attention: AttentionMap | None


@dataclass(frozen=True)
class Person:
    """One person in view.

    person_id: starts with a letter, stable while the person stays in view, never used again.
    face: pixels of the source image, clipped to it.
    detection: as the detector gave it in this frame; None where the tracker predicted the face.
    face_score: of the last detection. tracked_for_s: since the person was first seen.
    probabilities: (7,) float32, smoothed over time.
    estimate: of this frame; the last one before where the face was not seen or not evaluated.
    evaluated: whether estimate is of this frame.
    """

    person_id: str
    face: Region
    detection: FaceDetection | None
    face_score: float
    tracked_for_s: float
    probabilities: NDArray[np.float32]
    estimate: EmotionEstimate
    evaluated: bool

    @property
    def observed(self) -> bool:
        """Whether the detector saw the face in this frame."""
        return self.detection is not None

    @property
    def emotion_index(self) -> int:
        return int(self.probabilities.argmax())

    @property
    def emotion(self) -> str:
        return EMOTIONS[self.emotion_index]

    @property
    def confidence(self) -> float:
        return float(self.probabilities[self.emotion_index])


@dataclass(frozen=True)
class PeopleInView:
    """The people in one image, in the order in which they came into view."""

    image_width: int
    image_height: int
    people: tuple[Person, ...]
