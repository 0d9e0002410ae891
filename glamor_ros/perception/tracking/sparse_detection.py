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
_MARGIN = 0.2
_MARGIN_PER_S = 1.0
_MAX_MARGIN = 0.6

# So often a new face is looked for in every frame: where it goes and in which size it is found best
# is not known yet.
_FIRST_LOOKS = 5

# A slice takes a processor 10 to 30 ms, as long as two or three faces: more of them a second would
# leave the known faces too little of it, and more in a frame would make a slow frame slower still.
_MIN_SLICE_INTERVAL_S = 0.1
_MAX_SLICES_A_FRAME = 4
# At less than so many seconds between frames, one slice in a frame is enough.
_FEW_FRAMES_INTERVAL_S = 0.2

Sweep = Callable[[int, int], Sequence[SearchArea]]


class SparseDetection:
    """A search of the known faces' surroundings in turn, and of everything else in slices.

    One face is looked for in every frame, more where they are so many or the camera so slow that
    some would wait for longer than `face_interval_s`; in its own size, and by turns in the next
    larger and smaller one. New faces are looked for in each of their first frames. A slice is
    searched where it is due, but not in the frame after one in which somebody was found for the
    first time. After a start or a cut the first sweep is as fast as the frames come.

    Args:
        sweep: Areas that cover an image of a width and height, of about equal cost.
        sweep_period_s: The time in which everything is searched once, as far as ten slices a second
            allow.
        face_interval_s: The longest time between two looks at a face, save at a camera that is
            slower.

    Raises:
        ValueError: A time is not above 0.
    """

    def __init__(
        self, sweep: Sweep, *, sweep_period_s: float = 1.0, face_interval_s: float = 0.15
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
        self._swept = 0
        self._swept_s = -math.inf
        self._stamp_s = -math.inf
        self._looks_larger: dict[int, bool] = {}

    def plan(
        self, width: int, height: int, stamp_s: float, known: Sequence[KnownFace]
    ) -> SearchPlan:
        """The surroundings of the faces whose turn it is, and the slices that are due."""
        elapsed_s = stamp_s - self._stamp_s
        self._stamp_s = stamp_s
        is_somebody_new = any(face.detections == 1 and not face.is_missed for face in known)
        sweep = [] if is_somebody_new else self._sweep(width, height)
        slices = self._slices_due(sweep, stamp_s, elapsed_s) if sweep else []
        faces = self._faces_due(known, elapsed_s)
        self._looks_larger = {
            face.key: self._looks_larger.get(face.key, False) ^ (face in faces) for face in known
        }
        areas = [self._surroundings(face, stamp_s, width, height) for face in faces]
        # Who should be outside the image is looked for all the same, and missed.
        return SearchPlan(
            areas=(*(area for area in areas if not area.centers.is_empty), *slices),
            sought=frozenset(face.key for face in faces),
        )

    def _slices_due(
        self, sweep: Sequence[SearchArea], stamp_s: float, elapsed_s: float
    ) -> list[SearchArea]:
        count = len(sweep)
        # A slice less: who is found in the last one is to be a person in time, too.
        interval_s = max(self._sweep_period_s / (count + 1), _MIN_SLICE_INTERVAL_S)
        most = 1 if elapsed_s < _FEW_FRAMES_INTERVAL_S else _MAX_SLICES_A_FRAME
        late_s = stamp_s - self._swept_s
        due = int(min((late_s + STAMP_JITTER_S) / interval_s, count, most))
        is_first_sweep = self._swept < count
        if is_first_sweep:
            due = max(min(due, count - self._swept), 1) if self._swept else 1
        if not due:
            return []
        is_in_time = not is_first_sweep and late_s < (due + 1) * interval_s
        self._swept_s = self._swept_s + due * interval_s if is_in_time else stamp_s
        first = self._swept % count
        self._swept += due
        return list(islice(cycle(sweep), first, first + due))

    def _faces_due(self, faces: Sequence[KnownFace], elapsed_s: float) -> list[KnownFace]:
        """New ones, and of the others those unseen for longest: as many as have their turn now."""
        new = [face for face in faces if face.detections < _FIRST_LOOKS]
        others = [face for face in faces if face.detections >= _FIRST_LOOKS]
        share = min(elapsed_s / self._face_interval_s, 1.0)
        in_turn = sorted(others, key=lambda face: face.looked_for_s)
        return new + in_turn[: max(math.ceil(share * len(others)), 1)]

    def _surroundings(self, face: KnownFace, stamp_s: float, width: int, height: int) -> SearchArea:
        (x, y), size_px = face.box.center, (face.box.width + face.box.height) / 2
        unseen_s = stamp_s - face.last_seen_s
        margin_px = min(_MARGIN + _MARGIN_PER_S * unseen_s, _MAX_MARGIN) * size_px
        centers = Box(x - margin_px, y - margin_px, x + margin_px, y + margin_px)
        is_uncertain = face.detections < _FIRST_LOOKS or face.is_missed
        looks_larger = self._looks_larger[face.key]
        return SearchArea(
            centers.clipped(width, height),
            size_px / (_SAME_LEVEL if looks_larger and not is_uncertain else _NEXT_LEVEL),
            size_px * (_NEXT_LEVEL if looks_larger or is_uncertain else _SAME_LEVEL),
        )
