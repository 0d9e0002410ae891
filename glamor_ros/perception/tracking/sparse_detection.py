"""A search of the known faces' surroundings, and of everything else in slices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import cycle, islice

from ..detection.face_detector import SearchArea
from ..geometry import Box
from .detection_policy import STAMP_JITTER_S, KnownFace, SearchPlan

# A detector's levels are a factor of 1.2 apart: half a level, and one and a half.
_SAME_LEVEL = 1.1
_NEXT_LEVEL = 1.32
# How far from where it is expected a face is looked for, in its sides: at once, and more with
# every second since it was last seen.
_MARGIN = 0.1
_MARGIN_PER_S = 1.0
_MAX_MARGIN = 0.6

Sweep = Callable[[int, int], Sequence[SearchArea]]


class SparseDetection:
    """A search of the known faces' surroundings in turn, and of everything else in slices.

    A face that was just found for the first time is looked for again in the very next frame, each
    other one every `face_interval_s`, in its own size and by turns in the next larger and smaller
    one. A slice takes a frame of its own where the camera is fast enough for that. After a start
    or a cut the first sweep is as fast as the frames come.

    Args:
        sweep: Areas that cover an image of a width and height, of about equal cost.
        sweep_period_s: The time in which everything is searched once.
        face_interval_s: The time between two looks at a face.

    Raises:
        ValueError: A time is not above 0.
    """

    def __init__(
        self, sweep: Sweep, *, sweep_period_s: float = 1.0, face_interval_s: float = 0.1
    ) -> None:
        for name, value in (
            ("sweep_period_s", sweep_period_s),
            ("face_interval_s", face_interval_s),
        ):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value}; it must be above 0")
        self._sweep = sweep
        self._sweep_period_s = sweep_period_s
        self._face_interval_s = face_interval_s
        self.reset()

    def reset(self) -> None:
        """Nothing has been searched, nobody is known."""
        self._size = (0, 0)
        self._slices: tuple[SearchArea, ...] = ()
        self._next_slice = 0
        self._unswept = 0
        self._swept_s = -math.inf
        self._stamp_s = -math.inf
        self._looks_larger: dict[int, bool] = {}

    def plan(
        self, width: int, height: int, stamp_s: float, known: Sequence[KnownFace]
    ) -> SearchPlan:
        """A candidate's surroundings, or slices that are due, or the faces whose turn it is."""
        if self._size != (width, height):
            self.reset()
            self._size, self._slices = (width, height), tuple(self._sweep(width, height))
            self._unswept = len(self._slices)
        elapsed_s = stamp_s - self._stamp_s
        self._stamp_s = stamp_s
        found_just_now = [face for face in known if face.is_candidate and not face.is_missed]
        slices = [] if found_just_now else self._slices_due(stamp_s)
        others = [face for face in known if face not in found_just_now]
        faces = found_just_now + self._faces_due(others, stamp_s, elapsed_s, bool(slices))
        self._looks_larger = {
            face.key: self._looks_larger.get(face.key, False) ^ (face in faces) for face in known
        }
        areas = [self._surroundings(face, stamp_s, width, height) for face in faces]
        # Who should be outside the image is looked for all the same, and missed.
        return SearchPlan(
            areas=(*(area for area in areas if not area.centers.is_empty), *slices),
            sought=frozenset(face.key for face in faces),
        )

    def _slices_due(self, stamp_s: float) -> list[SearchArea]:
        count = len(self._slices)
        if not count:
            return []
        # A slice less: who is found in the last one is to be a person in time, too.
        interval_s = self._sweep_period_s / (count + 1)
        due = int(min((stamp_s - self._swept_s + STAMP_JITTER_S) / interval_s, count))
        if due < 1 and self._unswept < 1:
            return []
        is_behind = due < 1 or stamp_s - self._swept_s > self._sweep_period_s
        self._swept_s = stamp_s if is_behind else self._swept_s + due * interval_s
        if self._unswept == count:
            due = 1
        due = max(due, 1)
        self._unswept = max(self._unswept - due, 0)
        first, self._next_slice = self._next_slice, (self._next_slice + due) % count
        return list(islice(cycle(self._slices), first, first + due))

    def _faces_due(
        self, faces: Sequence[KnownFace], stamp_s: float, elapsed_s: float, beside_slices: bool
    ) -> list[KnownFace]:
        """The longest unseen first; no more than it takes for all to have their turn in time."""

        def is_due(face: KnownFace) -> bool:
            interval_s = self._face_interval_s * (0.5 if face.is_missed else 1.0)
            if beside_slices:
                interval_s *= 2
            return stamp_s - face.looked_for_s >= interval_s - STAMP_JITTER_S

        due = sorted(filter(is_due, faces), key=lambda face: face.looked_for_s)
        return due[: max(math.ceil(len(faces) * elapsed_s / self._face_interval_s), 1)]

    def _surroundings(self, face: KnownFace, stamp_s: float, width: int, height: int) -> SearchArea:
        (x, y), size_px = face.box.center, (face.box.width + face.box.height) / 2
        unseen_s = stamp_s - face.last_seen_s
        margin_px = min(_MARGIN + _MARGIN_PER_S * unseen_s, _MAX_MARGIN) * size_px
        centers = Box(x - margin_px, y - margin_px, x + margin_px, y + margin_px)
        is_uncertain = face.is_candidate or face.is_missed
        looks_larger = self._looks_larger[face.key]
        return SearchArea(
            centers.clipped(width, height),
            size_px / (_SAME_LEVEL if looks_larger and not is_uncertain else _NEXT_LEVEL),
            size_px * (_NEXT_LEVEL if looks_larger or is_uncertain else _SAME_LEVEL),
        )
