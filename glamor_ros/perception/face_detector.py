"""The interface that all face detectors share, and the factory that builds one by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

DETECTOR_NAMES = ("mmod", "dlib_cnn", "dlib_hog")
MAX_UPSAMPLE = 4


class FaceDetectorError(ValueError):
    """A face detector cannot be built as asked, or cannot take the image it was given."""


@dataclass(frozen=True)
class FaceDetection:
    """One face: an inclusive rectangle in pixels of the image given; it may reach beyond that.

    `score` is the detector's own confidence: unbounded, comparable within one detector only.
    """

    left: int
    top: int
    right: int
    bottom: int
    score: float


class FaceDetector(Protocol):
    """Finds the faces in an image."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[FaceDetection]:
        """Faces in a BGR image (height, width, 3), uint8, contiguous or not; the best score first.

        Raises FaceDetectorError where the image has another shape or type, or is too small.
        """
        ...


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
        from glamor_ros.perception.mmod.detector import MmodFaceDetector
        from glamor_ros.perception.mmod.weights import WEIGHTS_FILE_NAME, load_weights
        from glamor_ros.resources import shipped_weights

        return MmodFaceDetector(
            load_weights(weights or shipped_weights(WEIGHTS_FILE_NAME)),
            upsample=upsample,
            device=device,
            min_score=min_score,
        )

    from glamor_ros.perception.dlib_detectors import DlibCnnDetector, DlibHogDetector

    if name == "dlib_hog":
        return DlibHogDetector(upsample=upsample, min_score=min_score)
    if weights is None:
        raise FaceDetectorError(
            "the face detector 'dlib_cnn' needs its network file: give the path of "
            "mmod_human_face_detector.dat as `weights`"
        )
    return DlibCnnDetector(weights, upsample=upsample, min_score=min_score)


def check_upsample(upsample: int) -> None:
    """Raises FaceDetectorError unless 0 <= upsample <= MAX_UPSAMPLE."""
    if not 0 <= upsample <= MAX_UPSAMPLE:
        raise FaceDetectorError(f"upsample must be 0 to {MAX_UPSAMPLE}, got {upsample}")


def check_image(image_bgr: NDArray[np.uint8], min_side_px: int = 1) -> None:
    """Raises FaceDetectorError unless the image is (height, width, 3) uint8 and large enough."""
    if not isinstance(image_bgr, np.ndarray):
        raise FaceDetectorError(f"the image must be a NumPy array, got {type(image_bgr).__name__}")
    if image_bgr.ndim != 3 or image_bgr.shape[2] != 3:
        raise FaceDetectorError(
            f"the image must have the shape (height, width, 3), got {image_bgr.shape}"
        )
    if image_bgr.dtype != np.uint8:
        raise FaceDetectorError(f"the image must be uint8 (0 to 255), got {image_bgr.dtype}")
    height, width = image_bgr.shape[:2]
    if min(height, width) < min_side_px:
        raise FaceDetectorError(
            f"the image is {width}x{height} px, but this detector needs at least "
            f"{min_side_px} px a side"
        )
