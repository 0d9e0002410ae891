"""Images and videos to what is seen in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import GlamorError
from ...media.videos import VideoReader
from ...perception.detection.face_detector import FaceDetector
from ...perception.engine import PeopleObserver, observe_alone
from ...perception.frame import Frame
from ...perception.people import PeopleInView
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from ...perception.tracking.detection_policy import FullDetection
from ...perception.tracking.follower import PeopleFollower
from ...perception.tracking.tracker import PersonIds
from .inputs import Input


class UnreadableImageError(GlamorError, ValueError):
    """A file is not the image that its name says."""


@dataclass(frozen=True)
class Prediction:
    """The people in an image, or in a frame of a video, where frame_index and time_s are set."""

    source: Input
    image_bgr: NDArray[np.uint8]
    view: PeopleInView
    frame_index: int | None = None
    time_s: float | None = None

    @property
    def name(self) -> str:
        """The file, with "#" and the frame's index where it is a video."""
        frame = "" if self.frame_index is None else f"#{self.frame_index}"
        return f"{self.source.path}{frame}"


class Predictor:
    """Runs detector and recognizer over files."""

    def __init__(self, detector: FaceDetector, recognizer: EmotionRecognizer) -> None:
        self._observer = PeopleObserver(detector, recognizer)

    def image(self, source: Input) -> Prediction:
        """An image by itself: nothing is known of others and nothing smoothed."""
        image_bgr = read_image(source.path)
        return Prediction(source, image_bgr, observe_alone(self._observer, Frame(image_bgr)))

    def video(self, source: Input, reader: VideoReader) -> Iterator[Prediction]:
        """Frame by frame; people are followed and their probabilities smoothed over time."""
        follower = PeopleFollower(PersonIds(), FullDetection())
        for frame in reader.frames():
            (view,) = self._observer.observe([(follower, Frame(frame.image_bgr, frame.time_s))])
            yield Prediction(source, frame.image_bgr, view, frame.index, frame.time_s)


def read_image(path: Path) -> NDArray[np.uint8]:
    """BGR (H, W, 3), turned upright as its EXIF data says. Raises UnreadableImageError."""
    try:
        encoded = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise UnreadableImageError(f"cannot read {path}: {error.strerror}") from error
    try:
        image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise UnreadableImageError(
            f"cannot read {path} ({encoded.size} bytes): it is damaged or no image"
        )
    return image.astype(np.uint8, copy=False)
