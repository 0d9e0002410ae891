"""The face detectors by name."""

from __future__ import annotations

from pathlib import Path

from ...resources import shipped_weights
from .dlib_detectors import DlibCnnDetector, DlibHogDetector
from .face_detector import FaceDetector, FaceDetectorError, check_upsample
from .mmod.detector import MmodFaceDetector
from .mmod.weights import WEIGHTS_FILE_NAME, load_weights
from .yunet import DEFAULT_MIN_SCORE, YuNetFaceDetector, default_path

DETECTOR_NAMES = ("mmod", "yunet", "dlib_cnn", "dlib_hog")


def build_face_detector(
    name: str,
    *,
    upsample: int = 0,
    device: str = "cpu",
    precision: str = "float32",
    weights: Path | None = None,
    min_score: float | None = None,
    min_face_size_px: float = 0.0,
) -> FaceDetector:
    """The detector of a name.

    Args:
        name: "mmod" (dlib's network in PyTorch), "yunet" (OpenCV's FaceDetectorYN), "dlib_cnn" or
            "dlib_hog" (dlib's own code).
        upsample: How often an image is doubled before detection: each time halves the smallest face
            found (80 px at 0 with mmod and dlib's, 10 px with yunet) and takes four times as long.
        device: Where mmod runs, by PyTorch's name.
        precision: Of mmod's arithmetic: "float32", on a GPU also "float16" or "bfloat16".
        weights: A safetensors file for mmod (default: the one shipped), the `.onnx` for yunet
            (default: where `glamor-ros download-weights yunet` puts it), the `.dat` for dlib_cnn.
        min_score: Detections must score more; None: 0, with yunet 0.6.
        min_face_size_px: mmod and yunet leave smaller faces out, mmod at no cost.

    Raises:
        FaceDetectorError: The name is unknown, an option out of range, or a file unusable.
    """
    if name not in DETECTOR_NAMES:
        known = ", ".join(DETECTOR_NAMES)
        raise FaceDetectorError(f"unknown face detector {name!r}; the known ones are: {known}")
    check_upsample(upsample)
    if name == "yunet":
        return YuNetFaceDetector(
            weights or default_path(),
            upsample=upsample,
            min_score=DEFAULT_MIN_SCORE if min_score is None else min_score,
            min_face_size_px=min_face_size_px,
        )
    min_score = min_score or 0.0
    if name == "mmod":
        return MmodFaceDetector(
            load_weights(weights or shipped_weights(WEIGHTS_FILE_NAME)),
            upsample=upsample,
            device=device,
            precision=precision,
            min_score=min_score,
            min_face_size_px=min_face_size_px,
        )

    if name == "dlib_hog":
        return DlibHogDetector(upsample=upsample, min_score=min_score)
    if weights is None:
        raise FaceDetectorError(
            "the face detector 'dlib_cnn' needs its network file: give the path of "
            "mmod_human_face_detector.dat as `weights`"
        )
    return DlibCnnDetector(weights, upsample=upsample, min_score=min_score)
