"""The people in front of one camera, followed from frame to frame. No network runs in here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...network.emotions import EMOTIONS
from ..detection.face_detector import FaceDetection
from ..evidence import Evidence, EvidenceLimits, Weakness, weakness
from ..frame import Frame, Scene, require_bgr_image, require_stamp
from ..geometry import Region
from ..people import EmotionEstimate, PeopleInView, Person
from ..settings import require_not_negative
from .appearance import appearance_of
from .camera_motion import CameraMotion
from .detection_policy import STAMP_JITTER_S, DetectionPolicy, KnownFace, SearchPlan
from .smoothing import ProbabilitySmoother
from .tracker import FaceTracker, PersonIds, Track, TrackerSettings, one_for_each_face

# A person's first frames are all read: the smoothed emotion is to rest on more than one.
_FIRST_READINGS = 3
_UNKNOWN_PROBABILITIES = np.full(len(EMOTIONS), np.nan, np.float32)


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
        evidence: How much a face has to show for an emotion to be named.

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
    evidence: EvidenceLimits = field(default_factory=EvidenceLimits)

    def __post_init__(self) -> None:
        require_not_negative(self)


@dataclass(frozen=True)
class _Memory:
    """What is kept of a person's emotion from frame to frame.

    Attributes:
        turn: Of the head where the face was last detected before it was read.
        weakness: Of the evidence in the last frame; None: it was enough.
    """

    smoother: ProbabilitySmoother
    estimate: EmotionEstimate
    probabilities: NDArray[np.float32]
    read_s: float
    readings: int
    turn: float
    weakness: Weakness | None = None


@dataclass
class _Known:
    """What is known of a camera after a frame.

    Attributes:
        template: What the policy was copied from.
    """

    tracker: FaceTracker
    camera_motion: CameraMotion
    policy: DetectionPolicy
    template: DetectionPolicy
    stamp_s: float | None = None
    tracks: list[Track] = field(default_factory=list)
    memories: dict[int, _Memory] = field(default_factory=dict)

    def copy(self, template: DetectionPolicy) -> _Known:
        """What can be changed while this stays; with a new policy where the template is new.

        The parts replace what they hold and never change it, so that flat copies are enough.
        """
        policy = self.policy if template is self.template else template
        return replace(
            self,
            tracker=copy(self.tracker),
            camera_motion=copy(self.camera_motion),
            policy=copy(policy),
            template=template,
        )

    def forget_people(self) -> None:
        self.tracker.reset()
        self.policy.reset()
        self.tracks = []
        self.memories = {}


class PeopleFollower:
    """What is known of the people before one camera.

    For every frame, in this order: `plan` what to search, `locate` the people with what the
    detector found, `describe` them with what the recognizer said. What a frame tells is known once
    it has been described: after a failure in between, the next `plan` begins as if that frame had
    never come. One thread at a time; `settings` and `policy` may be replaced from any thread, the
    next frame uses them.

    Args:
        ids: Where new people get their ids; shared by all cameras of a process.
        policy: What is searched in each frame; the follower works with copies of it.
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
        tracker = FaceTracker(ids, self.settings.tracker)
        self._known = _Known(tracker, CameraMotion(), copy(policy), policy)
        self._attempt = self._known
        self._searched: frozenset[int] = frozenset()
        self._read: list[Track] = []

    def reset(self) -> None:
        """Forget the people in view; their ids are not used again."""
        self._known = self._known.copy(self.policy)
        _begin_anew(self._known)

    def plan(self, frame: Frame) -> SearchPlan | None:
        """What to search in the frame; None for one that comes late, which changes nothing.

        Raises:
            StampError: The frame's stamp is no time; nothing has changed.
            ImageError: Its image is none; nothing has changed.
        """
        require_stamp(frame.stamp_s)
        require_bgr_image(frame.bgr)
        settings = self.settings
        newest_s = self._known.stamp_s
        since_newest_s = 0.0 if newest_s is None else frame.stamp_s - newest_s
        if -settings.max_reorder_s <= since_newest_s < 0:
            return None
        attempt = self._attempt = self._known.copy(self.policy)
        if since_newest_s < 0 or since_newest_s > settings.max_gap_s:
            _begin_anew(attempt)
        attempt.stamp_s = frame.stamp_s
        attempt.tracker.settings = settings.tracker
        step = attempt.camera_motion.step(frame.bgr, [track.box for track in attempt.tracks])
        if step.is_cut:
            attempt.forget_people()
        attempt.tracker.move(step.movement)
        attempt.tracks = attempt.tracker.predict(frame.stamp_s)
        known = [_known_face(track) for track in attempt.tracks]
        return attempt.policy.plan(frame.width, frame.height, frame.stamp_s, known, frame.skipped)

    def locate(self, frame: Frame, plan: SearchPlan, detections: Sequence[FaceDetection]) -> Scene:
        """The faces whose emotions are to be read, from what was found as planned."""
        attempt = self._attempt
        self._searched = plan.sought
        if plan.everything or plan.areas or plan.sought:
            wanted = one_for_each_face([d for d in detections if self._is_wanted(d)])
            attempt.tracks = attempt.tracker.update(
                wanted,
                frame.stamp_s,
                sought=plan.sought,
                appearances=[appearance_of(frame.bgr, detection.box) for detection in wanted],
            )
        people = {track.key for track in attempt.tracks if track.person_id is not None}
        attempt.memories = {key: m for key, m in attempt.memories.items() if key in people}
        self._read = [track for track in attempt.tracks if self._is_to_be_read(track, frame)]
        return Scene(frame, tuple(track.box for track in self._read))

    def describe(self, frame: Frame, estimates: Sequence[EmotionEstimate]) -> PeopleInView:
        """The people in view, given an estimate for each box of the scene."""
        for track, estimate in zip(self._read, estimates, strict=True):
            self._remember(track, estimate, frame.stamp_s)
        people, candidates = [], []
        for track in self._attempt.tracks:
            region = track.box.clipped(frame.width, frame.height)
            if region.is_empty:
                continue
            if track.person_id is None:
                candidates.append(region)
            else:
                people.append(self._person(track.person_id, track, region, frame))
        self._known = self._attempt
        return PeopleInView(frame.width, frame.height, tuple(people), tuple(candidates))

    def _is_wanted(self, detection: FaceDetection) -> bool:
        size_px = min(detection.box.width, detection.box.height)
        settings = self.settings
        return detection.score >= settings.min_face_score and size_px >= settings.min_face_size_px

    def _is_to_be_read(self, track: Track, frame: Frame) -> bool:
        if track.person_id is None or not self._shows_its_face(track, frame):
            return False
        memory = self._attempt.memories.get(track.key)
        if memory is None or memory.readings < _FIRST_READINGS:
            return True
        # The network knows the detector's boxes best: a predicted one is read when none came.
        interval_s = self.settings.recognition_interval_s * (1 if track.detection else 2)
        return frame.stamp_s - memory.read_s >= interval_s - STAMP_JITTER_S

    def _shows_its_face(self, track: Track, frame: Frame) -> bool:
        """A face that was looked for and missed may be hidden: its pixels tell nothing of it."""
        if track.is_missed or track.box.clipped(frame.width, frame.height).is_empty:
            return False
        visible = track.box.visible_fraction(frame.width, frame.height)
        return visible >= self.settings.min_visible_fraction

    def _remember(self, track: Track, estimate: EmotionEstimate, stamp_s: float) -> None:
        known = self._attempt.memories.get(track.key)
        smoother = known.smoother if known else ProbabilitySmoother()
        smoother.time_constant_s = self.settings.smoothing_time_constant_s
        probabilities = smoother.update(estimate.probabilities, stamp_s)
        readings = known.readings + 1 if known else 1
        turn = known.turn if known else math.nan
        if track.detection is not None:
            turn = track.detection.turn
        before = known.weakness if known else None
        self._attempt.memories[track.key] = _Memory(
            smoother, estimate, probabilities, stamp_s, readings, turn, before
        )

    def _evidence(self, track: Track, frame: Frame) -> Evidence | None:
        """What the person's emotion rests on; notes whether that is enough."""
        memory = self._attempt.memories.get(track.key)
        if memory is None:
            return None
        evidence = Evidence.of(
            track.box,
            (frame.width, frame.height),
            memory.probabilities,
            sharpness=memory.estimate.sharpness,
            turn=memory.turn,
        )
        self._attempt.memories[track.key] = replace(
            memory, weakness=weakness(evidence, self.settings.evidence, memory.weakness)
        )
        return evidence

    def _person(self, person_id: str, track: Track, region: Region, frame: Frame) -> Person:
        evidence = self._evidence(track, frame)
        memory = self._attempt.memories.get(track.key)
        return Person(
            person_id=person_id,
            face=region,
            detection=track.detection,
            face_score=track.score,
            tracked_for_s=frame.stamp_s - track.first_seen_s,
            probabilities=memory.probabilities if memory else _UNKNOWN_PROBABILITIES,
            estimate=memory.estimate if memory else None,
            evaluated=any(read.key == track.key for read in self._read),
            searched=track.detection is not None or track.key in self._searched,
            since_detected_s=frame.stamp_s - track.last_seen_s,
            whole_face=track.box,
            evidence=evidence,
            evidence_weakness=memory.weakness if memory else None,
        )


def _begin_anew(known: _Known) -> None:
    known.forget_people()
    known.camera_motion.reset()
    known.stamp_s = None


def _known_face(track: Track) -> KnownFace:
    return KnownFace(
        key=track.key,
        box=track.box,
        last_seen_s=track.last_seen_s,
        looked_for_s=track.looked_for_s,
        is_missed=track.is_missed,
        detections=track.detections,
    )
