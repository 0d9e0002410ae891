"""The face detectors by name."""

from __future__ import annotations

from pathlib import Path

from ...resources import shipped_weights
from .dlib_detectors import DlibCnnDetector, DlibHogDetector
from .face_detector import FaceDetector, FaceDetectorError, check_upsample
from .mmod.detector import MmodFaceDetector
from .mmod.weights import WEIGHTS_FILE_NAME, load_weights

DETECTOR_NAMES = ("mmod", "dlib_cnn", "dlib_hog")


def build_face_detector(
    name: str,
    *,
    upsample: int = 0,
    device: str = "cpu",
    weights: Path | None = None,
    min_score: float = 0.0,
) -> FaceDetector:
    """The detector called `name`: "mmod" (PyTorch), "dlib_cnn" or "dlib_hog" (dlib's own code).

    `upsample` doubles the image so many times before detection: each halves the smallest face found
    (mmod and dlib_cnn: 80 px at 0) and takes four times as long. `device` counts for mmod alone.
    `weights` is a safetensors file for mmod (default: the one shipped), the `.dat` for dlib_cnn.
    Detections scoring at most `min_score` are dropped.

    Raises FaceDetectorError for an unknown name, an option out of range, or an unusable file.
    """
    if name not in DETECTOR_NAMES:
        known = ", ".join(DETECTOR_NAMES)
        raise FaceDetectorError(f"unknown face detector {name!r}; the known ones are: {known}")
    check_upsample(upsample)
    if name == "mmod":
        return MmodFaceDetector(
            load_weights(weights or shipped_weights(WEIGHTS_FILE_NAME)),
            upsample=upsample,
            device=device,
            min_score=min_score,
        )

    if name == "dlib_hog":
        return DlibHogDetector(upsample=upsample, min_score=min_score)
    if weights is None:
        raise FaceDetectorError(
            "the face detector 'dlib_cnn' needs its network file: give the path of "
            "mmod_human_face_detector.dat as `weights`"
        )
    return DlibCnnDetector(weights, upsample=upsample, min_score=min_score)
