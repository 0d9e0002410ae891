"""Which face is whose from one image to the next."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..detection.face_detector import FaceDetection
from ..geometry import (
    Box,
    Similarity,
    distance_intersection_over_union,
    intersection_area,
    intersection_over_union,
)
from .appearance import Appearance
from .motion import BoxMotion

# A detection that overlaps the prediction so much is of that face, whatever it looks like: light
# changes, and heads turn.
_IN_PLACE_IOU = 0.3
_SAME_FACE_IOU = 0.4
_INSIDE = 0.8


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
    """One face at one stamp.

    Attributes:
        key: Tells the tracker's faces apart.
        person_id: None for a candidate: a face that has not been detected often enough yet.
        box: The detection's where there is one, else where the face is predicted to be.
        detection: None where the box is predicted.
        score: Of the last detection.
        first_seen_s: Stamp of the first detection.
        last_seen_s: Stamp of the last detection.
        looked_for_s: Stamp of the last frame in which it was looked for.
        detections: How often it has been detected.
        appearance: What it looked like lately; None where nobody looked.
        face_id: As the detector gave it; None where that does not follow faces.
    """

    key: int
    person_id: str | None
    box: Box
    detection: FaceDetection | None
    score: float
    first_seen_s: float
    last_seen_s: float
    looked_for_s: float
    detections: int = 1
    appearance: Appearance | None = None
    face_id: str | None = None

    @property
    def is_missed(self) -> bool:
        """Whether it was not found when it was last looked for."""
        return self.last_seen_s < self.looked_for_s


@dataclass(frozen=True)
class _Tracked:
    track: Track
    motion: BoxMotion


class PersonIds:
    """The source of person ids: "person_1", "person_2" and so on, each given out once.

    Followers of several cameras share it; safe to use from several threads.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def next(self) -> str:
        """An id that nobody has had."""
        return f"person_{next(self._numbers)}"


class FaceTracker:
    """What gives detections the identities of the faces detected before.

    Detections are assigned to the predicted boxes so that the sum of their similarities is the
    greatest (Hungarian method); one that is similar to nobody is a new face, and a person once it
    has been detected often enough. Where the detector follows faces itself, its word counts alone:
    a face belongs to the one of the same face_id, and is a person, of that id, at once.

    Args:
        ids: Where new people get their ids.
        settings: How faces are told apart; may be replaced between frames.
    """

    def __init__(self, ids: PersonIds, settings: TrackerSettings | None = None) -> None:
        self._ids = ids
        self._keys = itertools.count(1)
        self.settings = settings or TrackerSettings()
        self._tracked: list[_Tracked] = []

    def reset(self) -> None:
        """Forget everybody. Their ids are not given out again."""
        self._tracked = []

    def move(self, camera: Similarity) -> None:
        """Take every face along with a movement of the camera's image."""
        self._tracked = [_Tracked(k.track, k.motion.moved(camera)) for k in self._tracked]

    def predict(self, stamp_s: float) -> list[Track]:
        """The faces at a stamp that is not earlier than the last one, candidates last."""
        return [known.track for known in self._predicted(stamp_s)]

    def update(
        self,
        detections: Sequence[FaceDetection],
        stamp_s: float,
        *,
        sought: Collection[int] | None = None,
        appearances: Sequence[Appearance | None] = (),
    ) -> list[Track]:
        """The faces in a frame in which the detector found these, candidates last.

        People come in the order in which they became known, with those who were missed this time.

        Args:
            detections: In pixels of the frame; of one face no more than one.
            stamp_s: Of the frame, not earlier than the last one.
            sought: The keys of the faces that were looked for; None for all. What is found of
                the others is not measured well: they stay as predicted.
            appearances: Of each detection, or none at all.
        """
        tracked = self._predicted(stamp_s)
        appearances = appearances or [None] * len(detections)
        matches = self._assign([known.track for known in tracked], detections, appearances)
        not_sought = []
        for index, known in enumerate(tracked):
            if sought is not None and known.track.key not in sought:
                not_sought.append(known.track.box)
                continue
            tracked[index] = _looked_for(known, stamp_s)
            if index in matches:
                found = matches[index]
                tracked[index] = _seen(known, detections[found], appearances[found], stamp_s)
        for index in sorted(set(range(len(detections))) - set(matches.values())):
            if not any(_overlap(detections[index].box, box) for box in not_sought):
                tracked.append(self._new(detections[index], appearances[index], stamp_s))
        self._tracked = self._confirmed([t for t in tracked if not self._is_gone(t.track, stamp_s)])
        return [known.track for known in self._tracked]

    def _predicted(self, stamp_s: float) -> list[_Tracked]:
        moved = [(known.track, known.motion.predicted(stamp_s)) for known in self._tracked]
        return [_Tracked(replace(t, box=m.box, detection=None), m) for t, m in moved]

    def _new(
        self, detection: FaceDetection, appearance: Appearance | None, stamp_s: float
    ) -> _Tracked:
        track = Track(
            key=next(self._keys),
            person_id=None,
            box=detection.box,
            detection=detection,
            score=detection.score,
            first_seen_s=stamp_s,
            last_seen_s=stamp_s,
            looked_for_s=stamp_s,
            appearance=appearance,
            face_id=detection.face_id,
        )
        return _Tracked(track, BoxMotion.at_rest(detection.box, stamp_s))

    def _is_gone(self, track: Track, stamp_s: float) -> bool:
        if not track.is_missed:
            return False
        is_late = track.person_id is None and (
            stamp_s - track.first_seen_s > self.settings.confirm_within_s
        )
        return is_late or stamp_s - track.last_seen_s > self.settings.max_coast_s

    def _confirmed(self, tracked: Sequence[_Tracked]) -> list[_Tracked]:
        """Everybody who was known, then who is now, then the candidates."""
        people = [known for known in tracked if known.track.person_id is not None]
        candidates = []
        for known in tracked:
            if known.track.person_id is not None:
                continue
            face_id = known.track.face_id
            if face_id is None and known.track.detections < self.settings.min_detections:
                candidates.append(known)
            else:
                track = replace(known.track, person_id=face_id or self._ids.next())
                people.append(_Tracked(track, known.motion))
        return people + candidates

    def _assign(
        self,
        tracks: Sequence[Track],
        detections: Sequence[FaceDetection],
        appearances: Sequence[Appearance | None],
    ) -> dict[int, int]:
        """Indices of tracks to those of the detections that they are matched with."""
        gain: NDArray[np.float64] = np.array(
            [
                [self._gain(track, d, a) for d, a in zip(detections, appearances, strict=True)]
                for track in tracks
            ],
            dtype=float,
        ).reshape(len(tracks), len(detections))
        rows, columns = linear_sum_assignment(gain, maximize=True)
        return {
            int(row): int(column)
            for row, column in zip(rows, columns, strict=True)
            if gain[row, column] > 0
        }

    def _gain(self, track: Track, detection: FaceDetection, appearance: Appearance | None) -> float:
        """Above 0 for a pair that may be one face, the more the likelier; else 0."""
        if track.face_id is not None or detection.face_id is not None:
            return float(track.face_id == detection.face_id)
        settings, detected = self.settings, detection.box
        ratios = (detected.width / track.box.width, detected.height / track.box.height)
        limit = settings.max_size_ratio
        if not all(1 / limit <= ratio <= limit for ratio in ratios):
            return 0.0
        gain = distance_intersection_over_union(track.box, detected) - settings.min_similarity
        if gain <= 0 or track.appearance is None or appearance is None:
            return max(gain, 0.0)
        likeness = track.appearance.similarity(appearance)
        is_in_place = intersection_over_union(track.box, detected) >= _IN_PLACE_IOU
        if not is_in_place and likeness < settings.min_appearance_similarity:
            return 0.0
        return gain * likeness


def _looked_for(known: _Tracked, stamp_s: float) -> _Tracked:
    return _Tracked(replace(known.track, looked_for_s=stamp_s), known.motion)


def _seen(
    known: _Tracked, detection: FaceDetection, appearance: Appearance | None, stamp_s: float
) -> _Tracked:
    track = known.track
    if track.appearance is not None and appearance is not None:
        appearance = track.appearance.updated(appearance)
    seen = replace(
        track,
        box=detection.box,
        detection=detection,
        score=detection.score,
        last_seen_s=stamp_s,
        looked_for_s=stamp_s,
        detections=track.detections + 1,
        appearance=appearance or track.appearance,
    )
    return _Tracked(seen, known.motion.corrected(detection.box))


def one_for_each_face(detections: Sequence[FaceDetection]) -> list[FaceDetection]:
    """The best of the detections that lie over one another, the best score first."""
    kept: list[FaceDetection] = []
    for detection in sorted(detections, key=lambda d: -d.score):
        if not any(_overlap(detection.box, better.box) for better in kept):
            kept.append(detection)
    return kept


def _overlap(a: Box, b: Box) -> bool:
    """Whether two boxes are of one face: much in common, or one in the other."""
    shared = intersection_area(a, b)
    smaller = min(a.area, b.area)
    return shared > _SAME_FACE_IOU * (a.area + b.area - shared) or shared > _INSIDE * smaller
