"""From a stream of images to the people in view, with ids and emotions smoothed over time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .detection.face_detector import FaceDetection, FaceDetector
from .geometry import Region
from .people import EmotionEstimate, PeopleInView, Person
from .recognition.emotion_recognizer import EmotionRecognizer
from .tracking.smoothing import ProbabilitySmoother
from .tracking.tracker import FaceTracker, Track, TrackerSettings

# A camera's stamps jitter: without this, an interval of three frames would often become four.
_STAMP_JITTER_S = 1e-3


@dataclass(frozen=True)
class ObserverSettings:
    """How faces are chosen and followed.

    min_face_score: detections below are ignored. min_face_size_px: so are smaller ones.
    detection_interval_s: the detector runs when so much time has passed, the tracker predicts the
    faces in between; 0 runs it on every image.
    smoothing_time_constant_s: of the probabilities' low-pass filter; 0 does not smooth.

    Raises ValueError for a value that is negative or not finite.
    """

    min_face_score: float = 0.0
    min_face_size_px: int = 0
    detection_interval_s: float = 0.0
    smoothing_time_constant_s: float = 0.5
    tracker: TrackerSettings = field(default_factory=TrackerSettings)

    def __post_init__(self) -> None:
        for name in (
            "min_face_score",
            "min_face_size_px",
            "detection_interval_s",
            "smoothing_time_constant_s",
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value}; it must be 0 or more")


@dataclass
class _Memory:
    """What is kept of a person from image to image."""

    smoother: ProbabilitySmoother
    estimate: EmotionEstimate
    probabilities: NDArray[np.float32]


class PeopleObserver:
    """Detects, tracks and recognizes people in the images of one camera.

    `settings` may be replaced at any time, also from another thread; the next image uses them.
    """

    def __init__(
        self,
        detector: FaceDetector,
        recognizer: EmotionRecognizer,
        settings: ObserverSettings | None = None,
    ) -> None:
        self.settings = settings or ObserverSettings()
        self._detector = detector
        self._recognizer = recognizer
        self._tracker = FaceTracker(self.settings.tracker)
        self._memories: dict[str, _Memory] = {}
        self._detected_at_s = -math.inf

    def reset(self) -> None:
        """Forget the people in view; their ids are not used again."""
        self._tracker.reset()
        self._memories.clear()
        self._detected_at_s = -math.inf

    def observe(self, image_bgr: NDArray[np.uint8], stamp_s: float) -> PeopleInView:
        """The people in an image (H, W, 3), uint8, taken at stamp_s.

        Raises ImageError or FaceDetectorError for an image that cannot be used; what is known of
        the people before stays.
        """
        settings = self.settings
        height, width = image_bgr.shape[:2]
        tracks = self._track(image_bgr, stamp_s, settings)
        regions = {t.person_id: t.box.clipped(width, height) for t in tracks}
        seen = [t for t in tracks if self._is_to_be_evaluated(t, regions[t.person_id])]
        estimates = self._recognizer.recognize(image_bgr, [t.box for t in seen])
        evaluated = {t.person_id: e for t, e in zip(seen, estimates, strict=True)}
        for person_id, estimate in evaluated.items():
            self._remember(person_id, estimate, stamp_s, settings)
        self._forget_all_but(tracks)
        people = (
            self._person(t, regions[t.person_id], t.person_id in evaluated, stamp_s)
            for t in tracks
            if t.person_id in self._memories and not regions[t.person_id].is_empty
        )
        return PeopleInView(width, height, tuple(people))

    def _track(
        self, image_bgr: NDArray[np.uint8], stamp_s: float, settings: ObserverSettings
    ) -> list[Track]:
        self._tracker.settings = settings.tracker
        elapsed_s = stamp_s - self._detected_at_s
        if 0 <= elapsed_s < settings.detection_interval_s - _STAMP_JITTER_S:
            return self._tracker.predict(stamp_s)
        detections = [d for d in self._detector.detect(image_bgr) if _is_wanted(d, settings)]
        self._detected_at_s = stamp_s
        return self._tracker.update(detections, stamp_s)

    def _is_to_be_evaluated(self, track: Track, region: Region) -> bool:
        """A face that the last detection missed may be hidden: its pixels tell nothing of it."""
        return track.last_seen_s >= self._detected_at_s and not region.is_empty

    def _remember(
        self, person_id: str, estimate: EmotionEstimate, stamp_s: float, settings: ObserverSettings
    ) -> None:
        known = self._memories.get(person_id)
        smoother = known.smoother if known else ProbabilitySmoother()
        smoother.time_constant_s = settings.smoothing_time_constant_s
        probabilities = smoother.update(estimate.probabilities, stamp_s)
        self._memories[person_id] = _Memory(smoother, estimate, probabilities)

    def _forget_all_but(self, tracks: list[Track]) -> None:
        alive = {track.person_id for track in tracks}
        self._memories = {i: memory for i, memory in self._memories.items() if i in alive}

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


def _is_wanted(detection: FaceDetection, settings: ObserverSettings) -> bool:
    size_px = min(detection.right - detection.left, detection.bottom - detection.top)
    return detection.score >= settings.min_face_score and size_px >= settings.min_face_size_px
