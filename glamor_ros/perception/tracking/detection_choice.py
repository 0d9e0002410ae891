"""The choice between searching everything in every frame and searching parts, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..detection.face_detector import FaceDetector, FaceDetectorError
from ..detection.mmod.detector import MmodFaceDetector
from .detection_policy import DetectionPolicy, FullDetection
from .sparse_detection import SparseDetection

DETECTIONS = ("full", "sparse")


def searches_parts(detector: FaceDetector) -> bool:
    """Whether a detector can be told to search parts of a frame, as `sparse` needs it."""
    return isinstance(detector, MmodFaceDetector)


def policy_maker(
    detection: str, detector: FaceDetector, *, sweep_period_s: float = 1.0
) -> Callable[[], DetectionPolicy]:
    """What makes the policy of each camera, recording or video.

    Args:
        detection: One of DETECTIONS.
        detector: The one that is told what to search.
        sweep_period_s: The time in which `sparse` searches everything once.

    Raises:
        FaceDetectorError: The choice is unknown, or the detector cannot search parts.
    """
    if detection not in DETECTIONS:
        raise FaceDetectorError(
            f"unknown detection '{detection}'; known are {', '.join(DETECTIONS)}"
        )
    if detection == "full":
        return FullDetection
    if not isinstance(detector, MmodFaceDetector):
        raise FaceDetectorError("detection 'sparse' is for the detector 'mmod' alone")
    return partial(SparseDetection, detector.sweep, sweep_period_s=sweep_period_s)
