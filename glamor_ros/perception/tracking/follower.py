"""The people in front of one camera, followed from frame to frame. No network runs in here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from ..detection.face_detector import FaceDetection
from ..frame import Frame, Scene
from ..geometry import Region
from ..people import EmotionEstimate, PeopleInView, Person
from .detection_policy import DetectionPolicy, KnownFace, SearchPlan
from .smoothing import ProbabilitySmoother
from .tracker import FaceTracker, PersonIds, Track, TrackerSettings


@dataclass(frozen=True)
class FollowerSettings:
    """How the people before one camera are followed.

    Attributes:
        min_face_score: Detections with a lower score are ignored.
        min_face_size_px: Faces with a shorter side are ignored.
        min_visible_fraction: Faces of which less lies in the image are not classified, 0 to 1.
        recognition_interval_s: A person's emotion is read so often; 0 reads it in every frame.
        smoothing_time_constant_s: Of the probabilities' low-pass filter; 0 does not smooth.
        max_reorder_s: A frame older than the newest by no more than this is late and is dropped;
            one that is older still begins another recording.
        max_gap_s: After a longer time without a frame everybody is somebody new.
        tracker: How faces are told apart.

    Raises:
        ValueError: A value is negative or not finite.
    """

    min_face_score: float = 0.0
    min_face_size_px: int = 0
    min_visible_fraction: float = 0.5
    recognition_interval_s: float = 0.0
    smoothing_time_constant_s: float = 0.5
    max_reorder_s: float = 1.0
    max_gap_s: float = 10.0
    tracker: TrackerSettings = field(default_factory=TrackerSettings)

    def __post_init__(self) -> None:
        for of_setting in fields(self):
            value = getattr(self, of_setting.name)
            if isinstance(value, TrackerSettings):
                continue
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{of_setting.name} is {value}; it must be 0 or more")


@dataclass
class _Memory:
    """What is kept of a person from frame to frame."""

    smoother: ProbabilitySmoother
    estimate: EmotionEstimate
    probabilities: NDArray[np.float32]


class PeopleFollower:
    """What is known of the people before one camera.

    For every frame, in this order: `plan` what to search, `locate` the people with what the
    detector found, `describe` them with what the recognizer said. One thread at a time;
    `settings` and `policy` may be replaced from any thread, the next frame uses them.

    Args:
        ids: Where new people get their ids; shared by all cameras of a process.
        policy: What is searched in each frame.
        settings: How people are followed.
    """

    def __init__(
        self,
        ids: PersonIds,
        policy: DetectionPolicy,
        settings: FollowerSettings | None = None,
    ) -> None:
        self.settings = settings or FollowerSettings()
        self.policy = policy
        self._tracker = FaceTracker(ids, self.settings.tracker)
        self._tracks: list[Track] = []
        self._evaluated: list[Track] = []
        self._memories: dict[str, _Memory] = {}
        self._looked_for_s: dict[str, float] = {}

    def reset(self) -> None:
        """Forget the people in view; their ids are not used again."""
        self._tracker.reset()
        self.policy.reset()
        self._tracks, self._evaluated = [], []
        self._memories.clear()
        self._looked_for_s.clear()

    def plan(self, frame: Frame) -> SearchPlan:
        """What to search in the frame."""
        self._tracker.settings = self.settings.tracker
        self._tracks = self._tracker.predict(frame.stamp_s)
        known = [
            KnownFace(t.person_id, t.box, self._looked_for_s.get(t.person_id, -math.inf))
            for t in self._tracks
        ]
        return self.policy.plan(frame.width, frame.height, frame.stamp_s, known)

    def locate(self, frame: Frame, plan: SearchPlan, detections: Sequence[FaceDetection]) -> Scene:
        """The faces whose emotions are to be read, from what was found as planned."""
        if plan.everything or plan.areas:
            wanted = [d for d in detections if self._is_wanted(d)]
            self._tracks = self._tracker.update(wanted, frame.stamp_s)
            found = {t.person_id for t in self._tracks if t.detection is not None}
            for person_id in plan.sought | found:
                self._looked_for_s[person_id] = frame.stamp_s
        alive = {track.person_id for track in self._tracks}
        self._memories = {i: m for i, m in self._memories.items() if i in alive}
        self._looked_for_s = {i: s for i, s in self._looked_for_s.items() if i in alive}
        self._evaluated = [t for t in self._tracks if self._is_to_be_evaluated(t, frame)]
        return Scene(frame, tuple(track.box for track in self._evaluated))

    def describe(self, frame: Frame, estimates: Sequence[EmotionEstimate]) -> PeopleInView:
        """The people in view, given an estimate for each box of the scene."""
        for track, estimate in zip(self._evaluated, estimates, strict=True):
            self._remember(track.person_id, estimate, frame.stamp_s)
        evaluated = {track.person_id for track in self._evaluated}
        people = []
        for track in self._tracks:
            region = track.box.clipped(frame.width, frame.height)
            if track.person_id in self._memories and not region.is_empty:
                is_evaluated = track.person_id in evaluated
                people.append(self._person(track, region, is_evaluated, frame.stamp_s))
        return PeopleInView(frame.width, frame.height, tuple(people))

    def _is_wanted(self, detection: FaceDetection) -> bool:
        size_px = min(detection.box.width, detection.box.height)
        settings = self.settings
        return detection.score >= settings.min_face_score and size_px >= settings.min_face_size_px

    def _is_to_be_evaluated(self, track: Track, frame: Frame) -> bool:
        """A face that was looked for and missed may be hidden: its pixels tell nothing of it."""
        was_seen_last = track.last_seen_s >= self._looked_for_s[track.person_id]
        return was_seen_last and not track.box.clipped(frame.width, frame.height).is_empty

    def _remember(self, person_id: str, estimate: EmotionEstimate, stamp_s: float) -> None:
        known = self._memories.get(person_id)
        smoother = known.smoother if known else ProbabilitySmoother()
        smoother.time_constant_s = self.settings.smoothing_time_constant_s
        probabilities = smoother.update(estimate.probabilities, stamp_s)
        self._memories[person_id] = _Memory(smoother, estimate, probabilities)

    def _person(self, track: Track, region: Region, evaluated: bool, stamp_s: float) -> Person:
        memory = self._memories[track.person_id]
        return Person(
            person_id=track.person_id,
            face=region,
            detection=track.detection,
            face_score=track.score,
            tracked_for_s=max(stamp_s - track.first_seen_s, 0.0),
            probabilities=memory.probabilities,
            estimate=memory.estimate,
            evaluated=evaluated,
        )
