"""Images and videos to what is seen in them."""

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
from ...perception.tracking.detection_policy import FullDetection
from ...perception.tracking.follower import PeopleFollower
from ...perception.tracking.tracker import PersonIds
from .inputs import Input


@dataclass(frozen=True)
class Prediction:
    """The people in an image, or in a frame of a video, where frame_index and time_s are set."""

    source: Input
    image_bgr: BgrImage
    view: PeopleInView
    frame_index: int | None = None
    time_s: float | None = None

    @property
    def name(self) -> str:
        """The file, with "#" and the frame's index where it is a video."""
        frame = "" if self.frame_index is None else f"#{self.frame_index}"
        return f"{self.source.path}{frame}"


AddFrame = Callable[[Prediction], None]


class Predictor:
    """Runs detector and recognizer over files."""

    def __init__(self, detector: FaceDetector, recognizer: EmotionRecognizer) -> None:
        self._observer = PeopleObserver(detector, recognizer)

    def image(self, source: Input) -> Prediction:
        """An image by itself: nothing is known of others and nothing smoothed."""
        image_bgr = read_picture(source.path)
        return Prediction(source, image_bgr, observe_alone(self._observer, Frame(image_bgr)))

    def video(self, source: Input, reader: VideoReader) -> Iterator[Prediction]:
        """Frame by frame; people are followed and their probabilities smoothed over time."""
        follower = PeopleFollower(PersonIds(), FullDetection())
        for frame in reader.frames():
            (view,) = self._observer.observe([(follower, Frame(frame.image_bgr, frame.time_s))])
            if view is None:
                continue
            yield Prediction(source, frame.image_bgr, view, frame.index, frame.time_s)


class PredictionSink(Protocol):
    """Takes predictions; `with` makes what it writes complete, or leaves nothing on an error."""

    def image(self, prediction: Prediction) -> None:
        """Take an image."""
        ...

    def video(self, source: Input, rate_hz: float) -> AbstractContextManager[AddFrame]:
        """What takes the frames of a video, until the `with` ends."""
        ...
