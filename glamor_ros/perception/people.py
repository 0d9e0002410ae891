"""What is known of the people in an image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..network.emotions import EMOTIONS, UNKNOWN_EMOTION, emotion_label
from .detection.face_detector import FaceDetection
from .evidence import Evidence, Weakness
from .geometry import Box, Position, Region


@dataclass(frozen=True)
class AttentionMap:
    """Where in an image the network looked.

    Attributes:
        weights: (H, W) float32, sums to 1.
        region: The part of the source image that the map covers.
    """

    weights: NDArray[np.float32]
    region: Region


@dataclass(frozen=True)
class EmotionEstimate:
    """What the network says of one face in one image.

    Attributes:
        probabilities: (7,) float32, class order of EMOTIONS, sums to 1.
        face_weight: Of the fusion's softmax; 1 for a network that classifies the face alone, 0
            for one that classifies the context alone.
        context_weight: 1 less face_weight.
        attention: None for a network that does not look at the context.
        sharpness: Of the face as the network got it; see `recognition.sharpness`. NaN: not
            measured.
    """

    probabilities: NDArray[np.float32]
    face_weight: float
    context_weight: float
    attention: AttentionMap | None
    sharpness: float = math.nan


@dataclass(frozen=True)
class Person:
    """One person in view.

    Attributes:
        person_id: Starts with a letter and belongs to one track: the same while the face is
            followed, never given to anybody else. A person who leaves and returns gets a new one.
        face: Pixels of the source image, clipped to it.
        detection: As the detector gave it in this frame; None where the face was predicted.
        face_score: Of the last detection.
        tracked_for_s: Since the person was first detected.
        probabilities: (7,) float32, smoothed over time; NaN for a person who was never classified.
        estimate: Of the last frame in which the face was classified; None if there was none.
        evaluated: Whether estimate is of this frame.
        searched: Whether the detector looked in this frame where the face was expected. A face that
            is not observed was missed where this is true; else nobody looked.
        since_detected_s: From the last frame in which the face was detected to this one.
        whole_face: The face where the image's edges do not cut it off; None: as `face`.
        position: Where the head is; None: not known.
        evidence: What the emotion rests on; None for a person who was never classified.
        evidence_weakness: Why that is not enough to name an emotion; None: it is enough.
    """

    person_id: str
    face: Region
    detection: FaceDetection | None
    face_score: float
    tracked_for_s: float
    probabilities: NDArray[np.float32]
    estimate: EmotionEstimate | None
    evaluated: bool
    searched: bool = True
    since_detected_s: float = 0.0
    whole_face: Box | None = None
    position: Position | None = None
    evidence: Evidence | None = None
    evidence_weakness: Weakness | None = None

    @property
    def observed(self) -> bool:
        """Whether the detector found the face in this frame."""
        return self.detection is not None

    @property
    def missed(self) -> bool:
        """Whether the detector looked for the face in this frame and did not find it."""
        return self.searched and not self.observed

    @property
    def frame_estimate(self) -> EmotionEstimate | None:
        """What the network says of the face in this frame; None where it did not look at it."""
        return self.estimate if self.evaluated else None

    @property
    def attention(self) -> AttentionMap | None:
        """The map of the last estimate; None where there is none."""
        return self.estimate.attention if self.estimate is not None else None

    @property
    def is_classified(self) -> bool:
        """Whether the person was ever classified, and has probabilities."""
        return not np.isnan(self.probabilities).any()

    @property
    def weakness(self) -> Weakness | None:
        """Why no emotion is named; None: one is."""
        return self.evidence_weakness if self.is_classified else Weakness.NOT_READ

    @property
    def emotion_index(self) -> int | None:
        """The likeliest class's place in EMOTIONS; None where the evidence is too weak."""
        return int(self.probabilities.argmax()) if self.weakness is None else None

    @property
    def emotion(self) -> str:
        """The likeliest class's name, or UNKNOWN_EMOTION."""
        index = self.emotion_index
        return UNKNOWN_EMOTION if index is None else EMOTIONS[index]

    @property
    def emotion_label(self) -> str:
        """The emotion with the reason where it is unknown."""
        reason = self.weakness
        return emotion_label(self.emotion, reason.value if reason else "")

    @property
    def confidence(self) -> float:
        """The likeliest class's probability; NaN for a person who was never classified."""
        return float(self.probabilities.max())


@dataclass(frozen=True)
class PeopleInView:
    """The people in one image.

    Attributes:
        image_width: In pixels.
        image_height: In pixels.
        people: In the order in which they came into view.
        candidates: Faces that have not been detected often enough to be people.
    """

    image_width: int
    image_height: int
    people: tuple[Person, ...]
    candidates: tuple[Region, ...] = ()

    @property
    def faces(self) -> tuple[Region, ...]:
        """All faces in the image: found, or where they are expected."""
        return (*(person.face for person in self.people), *self.candidates)
