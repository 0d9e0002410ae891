"""All cameras together: their frames through one detector and one recognizer, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from .detection.face_detector import FaceDetection, FaceDetector, PartialFaceDetector, Search
from .frame import Frame, Scene, require_bgr_image, require_stamp
from .people import EmotionEstimate, PeopleInView
from .stopwatch import Stopwatch
from .tracking.detection_policy import FullDetection, SearchPlan
from .tracking.follower import FollowerSettings, PeopleFollower
from .tracking.tracker import PersonIds


class SceneReader(Protocol):
    """Something that reads the emotions of faces, as EmotionRecognizer does."""

    def recognize(self, scenes: Sequence[Scene]) -> list[list[EmotionEstimate]]:
        """For each scene one estimate for each of its boxes, in order."""
        ...


class PeopleObserver:
    """The networks of one process, which see the frames of all its cameras.

    Thread-safe as far as each follower is used by one thread at a time.

    Args:
        detector: Finds the faces; where a follower's policy asks for parts of a frame it must be
            a PartialFaceDetector.
        recognizer: Reads the emotions.
        stopwatch: Takes the times of the stages `plan`, `search`, `track` and `recognize`.
    """

    def __init__(
        self,
        detector: FaceDetector | PartialFaceDetector,
        recognizer: SceneReader,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._detector = detector
        self._recognizer = recognizer
        self._stopwatch = stopwatch or Stopwatch()

    def observe(self, batch: Sequence[tuple[PeopleFollower, Frame]]) -> list[PeopleInView | None]:
        """The people in each frame, followed by the follower of its camera.

        Args:
            batch: Frames of different cameras, each with its camera's follower.

        Returns:
            For each frame the people in it; None for a frame that came late and was dropped.

        Raises:
            StampError: A stamp is no time; nothing has changed for any camera.
            ImageError: An image is none; nothing has changed for any camera.
            FaceDetectorError: The detector cannot take an image; nothing has changed for any
                camera. That holds for whatever else a network raises, too.
        """
        for _, frame in batch:
            require_stamp(frame.stamp_s)
            require_bgr_image(frame.bgr)
        with self._stopwatch.stage("plan"):
            plans = [(follower, frame, follower.plan(frame)) for follower, frame in batch]
        timely = [(f, frame, plan) for f, frame, plan in plans if plan is not None]
        views = iter(self._observe(timely))
        return [None if plan is None else next(views) for _, _, plan in plans]

    def _observe(
        self, planned: Sequence[tuple[PeopleFollower, Frame, SearchPlan]]
    ) -> list[PeopleInView]:
        with self._stopwatch.stage("search"):
            found = self._search([(frame, plan) for _, frame, plan in planned])
        with self._stopwatch.stage("track"):
            scenes = [
                follower.locate(frame, plan, detections)
                for (follower, frame, plan), detections in zip(planned, found, strict=True)
            ]
        with self._stopwatch.stage("recognize"):
            estimates = iter(self._recognizer.recognize([scene for scene in scenes if scene.boxes]))
        return [
            follower.describe(frame, next(estimates) if scene.boxes else [])
            for (follower, frame, _), scene in zip(planned, scenes, strict=True)
        ]

    def _search(self, planned: Sequence[tuple[Frame, SearchPlan]]) -> list[list[FaceDetection]]:
        """What the detector finds where the plans say, for each frame."""
        whole = [frame for frame, plan in planned if plan.everything]
        parts = [Search(frame, plan.areas) for frame, plan in planned if plan.areas]
        everywhere = iter(self._detector.detect(whole) if whole else [])
        partial = iter(self._detector.search(parts) if parts else [])  # type: ignore[union-attr]
        return [
            next(everywhere) if plan.everything else next(partial) if plan.areas else []
            for _, plan in planned
        ]


def observe_alone(
    observer: PeopleObserver,
    frame: Frame,
    settings: FollowerSettings | None = None,
    ids: PersonIds | None = None,
) -> PeopleInView:
    """The people in a frame by itself: nothing is known of others, nothing is smoothed.

    One detection makes a person.

    Args:
        observer: The networks.
        frame: The image.
        settings: Which faces count.
        ids: Where the people get their ids; by default they begin anew with each frame.
    """
    settings = settings or FollowerSettings()
    alone = replace(
        settings,
        smoothing_time_constant_s=0.0,
        tracker=replace(settings.tracker, min_detections=1),
    )
    (view,) = observer.observe(
        [(PeopleFollower(ids or PersonIds(), FullDetection(), alone), frame)]
    )
    assert view is not None
    return view
