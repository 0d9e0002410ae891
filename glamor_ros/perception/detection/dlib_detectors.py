"""dlib's own face detectors behind the package's interface; they need the optional module dlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..frame import Frame
from ..geometry import Box
from .face_detector import (
    FaceDetection,
    FaceDetectorError,
    box_of_inclusive_edges,
    check_frame,
    check_upsample,
)

# dlib's network throws on smaller images.
CNN_MIN_SIDE_PX = 10


class DlibCnnDetector:
    """dlib's MMOD network (`cnn_face_detection_model_v1`): faces of 80 px and more, slowly.

    `dat_path` is `mmod_human_face_detector.dat`. Raises FaceDetectorError where it, or dlib itself,
    is missing.
    """

    def __init__(self, dat_path: Path, *, upsample: int = 0, min_score: float = 0.0) -> None:
        check_upsample(upsample)
        dlib = _import_dlib("dlib_cnn")
        if not Path(dat_path).is_file():
            raise FaceDetectorError(
                f"no file {dat_path}: the face detector 'dlib_cnn' needs dlib's network "
                "mmod_human_face_detector.dat (https://github.com/davisking/dlib-models, unpacked)"
            )
        try:
            self._network = dlib.cnn_face_detection_model_v1(str(dat_path))
        except RuntimeError as error:
            raise FaceDetectorError(
                f"dlib cannot read {dat_path} as its network mmod_human_face_detector.dat: {error}"
            ) from error
        self._upsample = upsample
        self._min_score = min_score

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        """The faces in each frame, the best score first."""
        return [self._detect(frame) for frame in frames]

    def _detect(self, frame: Frame) -> list[FaceDetection]:
        check_frame(frame, CNN_MIN_SIDE_PX)
        found = self._network(_to_rgb(frame.bgr), self._upsample)
        return [
            FaceDetection(_box(face.rect), face.confidence)
            for face in found
            if face.confidence > self._min_score
        ]


class DlibHogDetector:
    """dlib's frontal face detector (histograms of oriented gradients): faces of 80 px and more.

    Raises FaceDetectorError where dlib is missing.
    """

    def __init__(self, *, upsample: int = 0, min_score: float = 0.0) -> None:
        check_upsample(upsample)
        self._detector = _import_dlib("dlib_hog").get_frontal_face_detector()
        self._upsample = upsample
        self._min_score = min_score

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        """The faces in each frame, the best score first."""
        return [self._detect(frame) for frame in frames]

    def _detect(self, frame: Frame) -> list[FaceDetection]:
        check_frame(frame)
        boxes, scores, _ = self._detector.run(_to_rgb(frame.bgr), self._upsample, self._min_score)
        return [
            FaceDetection(_box(box), score)
            for box, score in zip(boxes, scores, strict=True)
            if score > self._min_score
        ]


def _box(rectangle: Any) -> Box:
    return box_of_inclusive_edges(
        rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom()
    )


def _to_rgb(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(image_bgr[:, :, ::-1])


def _import_dlib(detector_name: str) -> ModuleType:
    try:
        import dlib
    except ImportError as error:
        raise FaceDetectorError(
            f"the face detector {detector_name!r} needs the Python module dlib ({error}): install "
            "dlib-bin (ready-made) or dlib (compiled on the spot), or use the detector 'mmod'"
        ) from error
    return dlib
