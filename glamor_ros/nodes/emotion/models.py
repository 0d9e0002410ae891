"""Loading the networks that a parameter choice names."""

from __future__ import annotations

from ...network.weights.checkpoint import load_checkpoint
from ...perception.detection.build import build_face_detector
from ...perception.engine import PeopleObserver
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from ...resources import STARTER_WEIGHTS, shipped_weights
from .parameters import ModelChoice


def load_observer(choice: ModelChoice) -> PeopleObserver:
    """A detector and a recognizer, ready to observe cameras.

    Raises ValueError or OSError, which name what is missing or damaged.
    """
    weights = choice.weights or shipped_weights(STARTER_WEIGHTS)
    recognizer = EmotionRecognizer(
        load_checkpoint(weights), context_mode=choice.context_mode, device=choice.device
    )
    detector = build_face_detector(
        choice.detector,
        upsample=choice.detector_upsample,
        device=choice.device,
        weights=choice.detector_weights,
    )
    return PeopleObserver(detector, recognizer)
