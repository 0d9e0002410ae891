"""Faces that somebody else has found, in the place of a detector."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..frame import Frame
from ..geometry import Box
from .face_detector import FaceDetection, check_frame

# Those of images that are thrown away on the way here are never asked for.
_KEPT_FRAMES = 16


@dataclass(frozen=True)
class GivenFace:
    """A face as its finder gives it, in fractions of the image's width and height.

    Attributes:
        face_id: The same for one face in all images.
        left: Of the box's edge.
        top: Of the box's edge.
        right: Of the box's edge, more than left.
        bottom: Of the box's edge, more than top.
        score: The finder's confidence.
    """

    face_id: str
    left: float
    top: float
    right: float
    bottom: float
    score: float


class GivenFaces:
    """A face detector that passes on what it is given for each frame; nothing is searched.

    Thread-safe.

    Args:
        boxes: From the finder's boxes to such as the emotion network was trained on.
    """

    def __init__(self, boxes: Callable[[Box], Box] = lambda box: box) -> None:
        self._boxes = boxes
        self._lock = threading.Lock()
        self._faces: dict[str, OrderedDict[float, tuple[GivenFace, ...]]] = {}

    def put(self, camera: str, stamp_s: float, faces: Sequence[GivenFace]) -> None:
        """Give the faces of a frame, before it is looked at.

        Args:
            camera: The frame's.
            stamp_s: The frame's, exactly.
            faces: All faces in it.
        """
        with self._lock:
            of_camera = self._faces.setdefault(camera, OrderedDict())
            of_camera[stamp_s] = tuple(faces)
            while len(of_camera) > _KEPT_FRAMES:
                of_camera.popitem(last=False)

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        """The faces given for each frame, the best score first; none where none were given.

        Raises:
            FaceDetectorError: An image has another shape or type.
        """
        return [self._of(frame) for frame in frames]

    def _of(self, frame: Frame) -> list[FaceDetection]:
        check_frame(frame)
        with self._lock:
            of_camera = self._faces.get(frame.camera)
            faces = of_camera.get(frame.stamp_s, ()) if of_camera is not None else ()
        detections = [self._detection(face, frame) for face in faces]
        return sorted(detections, key=lambda detection: -detection.score)

    def _detection(self, face: GivenFace, frame: Frame) -> FaceDetection:
        box = Box(
            face.left * frame.width,
            face.top * frame.height,
            face.right * frame.width,
            face.bottom * frame.height,
        )
        return FaceDetection(self._boxes(box), face.score, face.face_id)
