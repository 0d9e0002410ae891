"""OpenCV's YuNet (`FaceDetectorYN`) behind the package's interface, with boxes as dlib's."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...network.weights.resumable_download import OnProgress, ResumableDownload
from ...resources import cache_directory
from ..frame import Frame
from ..geometry import Box
from .face_detector import FaceDetection, FaceDetectorError, check_frame, check_upsample

FILE_NAME = "face_detection_yunet_2023mar.onnx"
FILE_GIT_BLOB_ID = "f9beb3044f3791affe1c2f0932af31927e2e4705"
FILE_LICENSE = "MIT, Copyright (c) 2020 Shiqi Yu"
REPOSITORY_URL = "https://github.com/opencv/opencv_zoo"
BASE_URL = f"{REPOSITORY_URL}/raw/main/models/face_detection_yunet"

DEFAULT_MIN_SCORE = 0.6
MAX_INPUT_PIXELS = 64_000_000

_MAX_IOU = 0.3
_MAX_CANDIDATES = 5000


def default_path() -> Path:
    """Where the network's file is fetched to, and looked for."""
    return cache_directory() / FILE_NAME


def fetch_network(
    on_progress: OnProgress,
    path: Path | None = None,
    base_url: str = BASE_URL,
    download: ResumableDownload | None = None,
) -> Path:
    """Fetch the network's file, unless it is there, and verify it.

    Args:
        on_progress: Called with the bytes that are here and their number in all.
        path: Where the file goes; None: `default_path`.
        base_url: The folder with the file.
        download: How it is fetched; None: as usual.

    Returns:
        Where the file is.

    Raises:
        DownloadError: The file cannot be had, or has other content than was published.
    """
    path = path or default_path()
    url = f"{base_url.rstrip('/')}/{FILE_NAME}"
    (download or ResumableDownload()).fetch(url, path, FILE_GIT_BLOB_ID, on_progress)
    return path


@dataclass(frozen=True)
class BoxMap:
    """An affine map of boxes, in units of the box that is mapped.

    Attributes:
        right: How far the centre moves to the right, in widths.
        down: How far the centre moves down, in heights.
        width: Factor of the width.
        height: Factor of the height.
    """

    right: float
    down: float
    width: float
    height: float

    def __call__(self, box: Box) -> Box:
        """The box that stands for this one."""
        x, y = box.center
        x, y = x + self.right * box.width, y + self.down * box.height
        half_width, half_height = self.width * box.width / 2, self.height * box.height / 2
        return Box(x - half_width, y - half_height, x + half_width, y + half_height)


# YuNet's boxes are taller than those that the emotion network was trained on. Fitted by
# benchmarks/fit_yunet_boxes.py: on other pictures, IoU with dlib's boxes 0.80 in the median and
# 0.68 at the 5th percentile (unmapped: 0.68 and 0.57); dlib's own boxes come in steps of 20 %.
DLIB_BOXES = BoxMap(right=-0.033, down=0.015, width=1.026, height=0.769)


class YuNetFaceDetector:
    """OpenCV's YuNet, which finds faces of 10 px and more in a few milliseconds.

    Scores lie in [0, 1]. Several threads may share a detector: they take turns.

    Args:
        onnx_path: `face_detection_yunet_2023mar.onnx` of OpenCV's model zoo.
        upsample: How often an image is doubled first.
        min_score: Detections must score more.
        min_face_size_px: Smaller boxes are left out.
        boxes: From YuNet's boxes to those that are given.

    Attributes:
        min_face_size_px: May be changed at any time.

    Raises:
        FaceDetectorError: The file is missing or is no such network, OpenCV is too old, or an
            option is out of range.
    """

    def __init__(
        self,
        onnx_path: Path,
        *,
        upsample: int = 0,
        min_score: float = DEFAULT_MIN_SCORE,
        min_face_size_px: float = 0.0,
        boxes: BoxMap = DLIB_BOXES,
    ) -> None:
        check_upsample(upsample)
        if not hasattr(cv2, "FaceDetectorYN"):
            raise FaceDetectorError(
                f"the face detector 'yunet' needs OpenCV 4.8 or newer, this is "
                f"{cv2.__version__}: update opencv-python, or use the detector 'mmod'"
            )
        if not onnx_path.is_file():
            raise FaceDetectorError(
                f"no file {onnx_path}: the face detector 'yunet' needs its network; fetch it with "
                "'glamor-ros download-weights yunet'"
            )
        try:
            self._network = cv2.FaceDetectorYN.create(
                str(onnx_path), "", (32, 32), max(min_score, 1e-6), _MAX_IOU, _MAX_CANDIDATES
            )
            # OpenCV before 4.8 reads the file, and fails at the first image.
            self._network.detect(np.zeros((32, 32, 3), np.uint8))
        except cv2.error as error:
            raise FaceDetectorError(
                f"OpenCV {cv2.__version__} cannot read {onnx_path} as YuNet: {error.err}; it takes "
                "OpenCV 4.8 or newer (else use the detector 'mmod') and the whole file: fetch it "
                "again with 'glamor-ros download-weights yunet'"
            ) from error
        self.min_face_size_px = min_face_size_px
        self._scale = 2**upsample
        self._min_score = min_score
        self._boxes = boxes
        self._lock = threading.Lock()

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        """The faces in each frame, the best score first.

        Raises:
            FaceDetectorError: An image has another shape or type, or has more than MAX_INPUT_PIXELS
                once it is upsampled.
        """
        for frame in frames:
            check_frame(frame)
            if frame.width * frame.height * self._scale**2 > MAX_INPUT_PIXELS:
                raise FaceDetectorError(
                    f"an image of {frame.width}x{frame.height} px, {self._scale} times as wide and "
                    f"high, has more than {MAX_INPUT_PIXELS:,} px: use a smaller image or a lower "
                    "upsample"
                )
        with self._lock:
            return [self._detect(frame.bgr) for frame in frames]

    def _detect(self, image: NDArray[np.uint8]) -> list[FaceDetection]:
        height, width = (side * self._scale for side in image.shape[:2])
        if self._scale > 1:
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        self._network.setInputSize((width, height))
        _, rows = self._network.detect(np.ascontiguousarray(image))
        found = []
        for row in [] if rows is None else rows.astype(float):
            left, top, box_width, box_height = row[:4] / self._scale
            if row[-1] <= self._min_score or box_width <= 0 or box_height <= 0:
                continue
            box = self._boxes(Box(left, top, left + box_width, top + box_height))
            if box.width >= self.min_face_size_px:
                found.append(
                    FaceDetection(box, float(row[-1]), turn=head_turn(row[4:10].reshape(3, 2)))
                )
        return sorted(found, key=lambda face: -face.score)


def head_turn(landmarks: NDArray[np.float64]) -> float:
    """How far a head is turned, from its right eye, left eye and tip of the nose: (3, 2), in px."""
    right_eye, left_eye, nose = landmarks
    across = left_eye - right_eye
    squared_distance = float(across @ across)
    # Eyes in one place are those of a profile.
    if squared_distance == 0:
        return math.inf
    return abs(float((nose - (right_eye + left_eye) / 2) @ across)) / squared_distance
