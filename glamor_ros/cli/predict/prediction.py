"""Predictions: what is seen in images and videos, and what can take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ...media.pictures import BgrImage, read_picture
from ...media.videos import VideoReader
from ...perception.detection.face_detector import FaceDetector
from ...perception.engine import PeopleObserver, observe_alone
from ...perception.frame import Frame
from ...perception.people import PeopleInView
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from ...perception.tracking.detection_choice import policy_maker
from ...perception.tracking.follower import PeopleFollower
from ...perception.tracking.tracker import PersonIds
from .inputs import Input


@dataclass(frozen=True)
class Prediction:
    """The people in an image, or in a frame of a video.

    Attributes:
        source: The file.
        image_bgr: (H, W, 3), uint8, BGR.
        view: The people.
        frame_index: The number of the frame, from 0; None for an image.
        time_s: The time of the frame in the video; None for an image.
    """

    source: Input
    image_bgr: BgrImage
    view: PeopleInView
    frame_index: int | None = None
    time_s: float | None = None

    @property
    def name(self) -> str:
        """The path of the file, with "#" and the frame's number where it is a video."""
        frame = "" if self.frame_index is None else f"#{self.frame_index}"
        return f"{self.source.path}{frame}"


AddFrame = Callable[[Prediction], None]


class Predictor:
    """A detector and a recognizer, run over files.

    Args:
        detector: What finds the faces.
        recognizer: What recognizes their emotions.
        detection: What is searched in a video's frames, one of DETECTIONS.

    Raises:
        FaceDetectorError: The detector cannot search as asked.
    """

    def __init__(
        self, detector: FaceDetector, recognizer: EmotionRecognizer, detection: str = "full"
    ) -> None:
        self._observer = PeopleObserver(detector, recognizer)
        self._make_policy = policy_maker(detection, detector)

    def image(self, source: Input) -> Prediction:
        """The people in an image by itself: nothing is known of other images, and nothing smoothed.

        Raises:
            MediaError: The image cannot be read.
        """
        image_bgr = read_picture(source.path)
        return Prediction(source, image_bgr, observe_alone(self._observer, Frame(image_bgr)))

    def video(self, source: Input, reader: VideoReader) -> Iterator[Prediction]:
        """The people in each frame, who are followed; their probabilities are smoothed over time.

        Args:
            source: The video's name.
            reader: Its frames.

        Raises:
            MediaError: Not a single frame can be decoded.
        """
        follower = PeopleFollower(PersonIds(), self._make_policy())
        for frame in reader.frames():
            (view,) = self._observer.observe([(follower, Frame(frame.image_bgr, frame.time_s))])
            if view is None:
                continue
            yield Prediction(source, frame.image_bgr, view, frame.index, frame.time_s)


class PredictionSink(Protocol):
    """A place that predictions go to.

    Leaving its `with` makes what it writes complete, or leaves nothing after an error.
    """

    def image(self, prediction: Prediction) -> None:
        """Take an image."""
        ...

    def video(self, source: Input, rate_hz: float) -> AbstractContextManager[AddFrame]:
        """What takes the frames of a video, until its `with` ends.

        Args:
            source: The video.
            rate_hz: Frames a second.
        """
        ...
