"""All cameras together: their frames through one detector and one recognizer, in batches."""

from __future__ import annotations

from collections.abc import Sequence

from .detection.face_detector import FaceDetection, FaceDetector, PartialFaceDetector, Search
from .frame import Frame
from .people import PeopleInView
from .recognition.emotion_recognizer import EmotionRecognizer
from .tracking.detection_policy import FullDetection, SearchPlan
from .tracking.follower import FollowerSettings, PeopleFollower
from .tracking.tracker import PersonIds


class PeopleObserver:
    """The networks of one process, which see the frames of all its cameras.

    Thread-safe as far as each follower is used by one thread at a time.

    Args:
        detector: Finds the faces; where a follower's policy asks for parts of a frame it must be
            a PartialFaceDetector.
        recognizer: Reads the emotions.
    """

    def __init__(
        self, detector: FaceDetector | PartialFaceDetector, recognizer: EmotionRecognizer
    ) -> None:
        self._detector = detector
        self._recognizer = recognizer

    def observe(self, batch: Sequence[tuple[PeopleFollower, Frame]]) -> list[PeopleInView]:
        """The people in each frame, followed by the follower of its camera.

        Args:
            batch: Frames of different cameras, each with its camera's follower.

        Raises:
            ImageError: An image that cannot be used, and so FaceDetectorError; what is known of
                the people before stays.
        """
        plans = [follower.plan(frame) for follower, frame in batch]
        detections = self._search([frame for _, frame in batch], plans)
        scenes = [
            follower.locate(frame, plan, found)
            for (follower, frame), plan, found in zip(batch, plans, detections, strict=True)
        ]
        estimates = self._recognizer.recognize(scenes)
        return [
            follower.describe(frame, of_frame)
            for (follower, frame), of_frame in zip(batch, estimates, strict=True)
        ]

    def _search(
        self, frames: Sequence[Frame], plans: Sequence[SearchPlan]
    ) -> list[list[FaceDetection]]:
        """What the detector finds where the plans say, for each frame."""
        found: list[list[FaceDetection]] = [[] for _ in frames]
        whole = [index for index, plan in enumerate(plans) if plan.everything]
        for index, detections in zip(
            whole, self._detector.detect([frames[i] for i in whole]), strict=True
        ):
            found[index] = detections
        partial = [index for index, plan in enumerate(plans) if plan.areas]
        if partial:
            searches = [Search(frames[i], plans[i].areas) for i in partial]
            for index, detections in zip(partial, self._detector.search(searches), strict=True):  # type: ignore[union-attr]
                found[index] = detections
        return found


def observe_alone(
    observer: PeopleObserver, frame: Frame, settings: FollowerSettings | None = None
) -> PeopleInView:
    """The people in a frame by itself: nothing is known of others, nothing is smoothed."""
    alone = settings or FollowerSettings(smoothing_time_constant_s=0.0)
    return observer.observe([(PeopleFollower(PersonIds(), FullDetection(), alone), frame)])[0]
