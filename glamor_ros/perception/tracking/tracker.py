"""Which face is whose from one image to the next."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..detection.face_detector import FaceDetection
from ..geometry import Box, distance_intersection_over_union
from .motion import BoxMotion


@dataclass(frozen=True)
class TrackerSettings:
    """How the tracker follows people.

    Attributes:
        min_detections: A person is one once the face has been detected so often.
        confirm_within_s: The time in which that must happen, for a face that is missed in between.
        max_coast_s: A person who has been looked for in vain and not been detected for longer is
            gone; 0: at the first miss.
        min_similarity: Of the predicted and the detected box of one person, as distance-IoU (1:
            equal, 0: they touch, towards -1: far apart); the default lets a face move by about its
            own width more than predicted.
        min_appearance_similarity: Of a face and one that is detected away from where it was
            expected, from 0 (nothing in common) to 1 (equal).
        max_size_ratio: Of the predicted and the detected box's sides.

    Raises:
        ValueError: A value is out of its range.
    """

    min_detections: int = 2
    confirm_within_s: float = 1.0
    max_coast_s: float = 0.5
    min_similarity: float = -0.25
    min_appearance_similarity: float = 0.5
    max_size_ratio: float = 2.0

    def __post_init__(self) -> None:
        ranges = {
            "min_detections": (1, math.inf),
            "confirm_within_s": (0.0, math.inf),
            "max_coast_s": (0.0, math.inf),
            "min_similarity": (-1.0, 1.0),
            "min_appearance_similarity": (0.0, 1.0),
            "max_size_ratio": (1.0, math.inf),
        }
        for name, (lowest, highest) in ranges.items():
            value = getattr(self, name)
            if not lowest <= value <= highest:
                raise ValueError(f"{name} must be {lowest:g} to {highest:g}, got {value}")


@dataclass(frozen=True)
class Track:
    """One person at one stamp.

    person_id: "person_1", "person_2" ...; a tracker never gives one out twice.
    box: the detection's where there is one, else where the face is predicted to be.
    detection: None where the box is predicted.
    score: of the last detection.
    """

    person_id: str
    box: Box
    detection: FaceDetection | None
    score: float
    first_seen_s: float
    last_seen_s: float


@dataclass(frozen=True)
class _Tracked:
    track: Track
    motion: BoxMotion


class PersonIds:
    """The source of person ids: "person_1", "person_2" and so on, each given out once.

    Trackers of several cameras share it; safe to use from several threads.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def next(self) -> str:
        """An id that nobody has had."""
        return f"person_{next(self._numbers)}"


class FaceTracker:
    """Gives detections the identities of the people detected before.

    Detections are assigned to the predicted boxes so that the sum of the similarities is the
    greatest (Hungarian method); one that is similar to nobody is a new person. Stamps that go back
    mean another recording: everybody is forgotten.
    """

    def __init__(self, ids: PersonIds, settings: TrackerSettings | None = None) -> None:
        self._ids = ids
        self.settings = settings or TrackerSettings()
        self._tracked: list[_Tracked] = []
        self._stamp_s = -math.inf

    def reset(self) -> None:
        """Forget everybody. Their ids are not given out again."""
        self._tracked = []
        self._stamp_s = -math.inf

    def update(self, detections: Sequence[FaceDetection], stamp_s: float) -> list[Track]:
        """The people in view of an image in which the detector found these faces.

        In the order in which they came into view; with those who were missed this time, but not
        for longer than max_coast_s.
        """
        self._advance(stamp_s)
        self._tracked = [
            _Tracked(
                replace(known.track, box=motion.box, detection=None),
                motion,
            )
            for known in self._tracked
            for motion in [known.motion.predicted(stamp_s)]
        ]
        boxes = [detection.box for detection in detections]
        matches = self._assign([known.track.box for known in self._tracked], boxes)
        for index, detection_index in matches.items():
            known, detection = self._tracked[index], detections[detection_index]
            self._tracked[index] = _Tracked(
                replace(
                    known.track,
                    box=boxes[detection_index],
                    detection=detection,
                    score=detection.score,
                    last_seen_s=stamp_s,
                ),
                known.motion.corrected(boxes[detection_index]),
            )
        for detection_index in sorted(set(range(len(boxes))) - set(matches.values())):
            detection, box = detections[detection_index], boxes[detection_index]
            track = Track(self._ids.next(), box, detection, detection.score, stamp_s, stamp_s)
            self._tracked.append(_Tracked(track, BoxMotion.at_rest(box, stamp_s)))
        return [known.track for known in self._tracked]

    def predict(self, stamp_s: float) -> list[Track]:
        """The people in view of an image in which the detector did not look."""
        self._advance(stamp_s)
        return [
            replace(known.track, box=known.motion.predicted(stamp_s).box, detection=None)
            for known in self._tracked
        ]

    def _advance(self, stamp_s: float) -> None:
        if not math.isfinite(stamp_s):
            raise ValueError(f"the stamp must be a finite number of seconds, got {stamp_s}")
        if stamp_s < self._stamp_s:
            self.reset()
        self._stamp_s = stamp_s
        oldest_s = stamp_s - self.settings.max_coast_s
        self._tracked = [known for known in self._tracked if known.track.last_seen_s >= oldest_s]

    def _assign(self, predicted: Sequence[Box], detected: Sequence[Box]) -> dict[int, int]:
        """Indices of predicted boxes to those of the detected boxes that they are matched with."""
        # Above the limit for an admissible pair, so that any such pair is better than none.
        gain: NDArray[np.float64] = np.array(
            [[self._gain(a, b) for b in detected] for a in predicted], dtype=float
        ).reshape(len(predicted), len(detected))
        rows, columns = linear_sum_assignment(gain, maximize=True)
        return {
            int(row): int(column)
            for row, column in zip(rows, columns, strict=True)
            if gain[row, column] > 0
        }

    def _gain(self, predicted: Box, detected: Box) -> float:
        ratios = (detected.width / predicted.width, detected.height / predicted.height)
        limit = self.settings.max_size_ratio
        if not all(1 / limit <= ratio <= limit for ratio in ratios):
            return 0.0
        similarity = distance_intersection_over_union(predicted, detected)
        return max(similarity - self.settings.min_similarity, 0.0)
