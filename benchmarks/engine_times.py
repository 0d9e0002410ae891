"""The time that each stage of the engine takes in every frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from glamor_ros.perception.detection.face_detector import FaceDetection, FaceDetector, Search
from glamor_ros.perception.engine import PeopleObserver
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.people import EmotionEstimate
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.perception.tracking.detection_policy import DetectionPolicy
from glamor_ros.perception.tracking.follower import PeopleFollower
from glamor_ros.perception.tracking.tracker import PersonIds

from .pairing import milliseconds


@dataclass(frozen=True)
class FrameTimes:
    """What one batch of frames took, in milliseconds.

    Attributes:
        detection_ms: In the face detector.
        recognition_ms: In the emotion recognizer.
        following_ms: In everything else: the policy, the tracker, smoothing.
        people: How many people were in view, in all frames of the batch.
    """

    detection_ms: float
    recognition_ms: float
    following_ms: float
    people: int

    @property
    def finding_ms(self) -> float:
        """What it takes to know where everybody is."""
        return self.detection_ms + self.following_ms

    @property
    def total_ms(self) -> float:
        """All stages."""
        return self.finding_ms + self.recognition_ms


class TimedEngine:
    """A PeopleObserver with a follower for each of its cameras, and a watch on its parts.

    Args:
        detector: Finds the faces.
        recognizer: Reads the emotions.
        policy: Makes the detection policy of each camera.
        cameras: How many cameras there are.
    """

    def __init__(
        self,
        detector: FaceDetector,
        recognizer: EmotionRecognizer,
        policy: Callable[[], DetectionPolicy],
        cameras: int = 1,
    ) -> None:
        self._detector = _TimedDetector(detector)
        self._recognizer = _TimedRecognizer(recognizer)
        recognizer_like: Any = self._recognizer
        self._observer = PeopleObserver(self._detector, recognizer_like)
        ids = PersonIds()
        self._followers = [PeopleFollower(ids, policy()) for _ in range(cameras)]

    def observe(self, frames: Sequence[Frame]) -> FrameTimes:
        """The times of one batch: one frame for each camera, in order."""
        self._detector.spent_ms = self._recognizer.spent_ms = 0.0
        people = 0

        def work() -> None:
            nonlocal people
            views = self._observer.observe(list(zip(self._followers, frames, strict=True)))
            people = sum(len(view.people) for view in views if view is not None)

        total_ms = milliseconds(work)
        detection_ms, recognition_ms = self._detector.spent_ms, self._recognizer.spent_ms
        following_ms = total_ms - detection_ms - recognition_ms
        return FrameTimes(detection_ms, recognition_ms, following_ms, people)


class _TimedDetector:
    def __init__(self, detector: Any) -> None:
        self._detector = detector
        self.spent_ms = 0.0

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        found: list[list[FaceDetection]] = []
        self.spent_ms += milliseconds(lambda: found.extend(self._detector.detect(frames)))
        return found

    def search(self, searches: Sequence[Search]) -> list[list[FaceDetection]]:
        found: list[list[FaceDetection]] = []
        self.spent_ms += milliseconds(lambda: found.extend(self._detector.search(searches)))
        return found


class _TimedRecognizer:
    def __init__(self, recognizer: EmotionRecognizer) -> None:
        self._recognizer = recognizer
        self.spent_ms = 0.0

    def recognize(self, scenes: Sequence[Scene]) -> list[list[EmotionEstimate]]:
        said: list[list[EmotionEstimate]] = []
        self.spent_ms += milliseconds(lambda: said.extend(self._recognizer.recognize(scenes)))
        return said
