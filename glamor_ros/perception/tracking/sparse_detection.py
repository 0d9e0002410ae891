"""A search of the known faces' surroundings, and of everything else in slices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import ClassVar

from ..detection.face_detector import SearchArea
from ..geometry import Box
from .detection_policy import STAMP_JITTER_S, KnownFace, SearchPlan

# A detector's levels are 1.2 apart. A look is at the levels next to a face's size; every
# second one, and each at a face that is new or was missed, also at those beyond: a face that is
# still found in its old size when another one fits it better must be looked for there.
_NEXT_LEVELS = 1.2
_LEVELS_BEYOND = 1.2**1.5
# How far from where it is expected a face is looked for, in its sides: at once, and more with
# every second since it was last seen.
_MARGIN = 0.2
_MARGIN_PER_S = 1.0
_MAX_MARGIN = 0.6

# So often a new face is looked for in every frame: where it goes and in which size it is found best
# is not known yet.
_FIRST_LOOKS = 5

# A slice takes a processor 10 to 30 ms, as long as two or three faces: more of them a second would
# leave the known faces too little of it.
_MIN_SLICE_INTERVAL_S = 0.1
_MAX_SLICES_A_FRAME = 4
# At less than so many seconds between frames, one slice in a frame is enough.
_FEW_FRAMES_INTERVAL_S = 0.2

# With no time to spare, a face is looked for so often, while frames come in this interval or less.
# Past it the work of a frame does not grow any more: a slow frame must not make the next one
# slower still.
_FACE_INTERVAL_S = 0.15
_LONGEST_INTERVAL_S = 0.05

Sweep = Callable[[int, int], Sequence[SearchArea]]


class SparseDetection:
    """A search of the known faces' surroundings, and of everything else in slices.

    Every face is looked for in every frame, and a slice where it is due, as long as there is time
    for that. Where images are skipped, only some of the faces are, in turn, down to one in a frame;
    and a frame holds faces or a slice, not both, but for new faces, which are looked for in each of
    their first frames. No slice is searched after a frame in which somebody was found for the first
    time. After a start or a cut the first sweep is as fast as the frames come.

    Args:
        sweep: Areas that cover an image of a width and height, of about equal cost.
        sweep_period_s: The time in which everything is searched once, as far as ten slices a second
            allow.

    Raises:
        ValueError: The time is not above 0.
    """

    def __init__(self, sweep: Sweep, *, sweep_period_s: float = 1.0) -> None:
        if not (math.isfinite(sweep_period_s) and sweep_period_s > 0):
            raise ValueError(f"sweep_period_s is {sweep_period_s}; it must be above 0")
        self._sweep = sweep
        self._sweep_period_s = sweep_period_s
        self._spare_time = SpareTime()
        self.reset()

    def reset(self) -> None:
        """Nothing has been searched, nobody is known."""
        self._swept = 0
        self._swept_s = -math.inf
        self._stamp_s = -math.inf
        self._is_faces_turn = False
        self._looks: dict[int, int] = {}

    def plan(
        self,
        width: int,
        height: int,
        stamp_s: float,
        known: Sequence[KnownFace],
        skipped: int = 0,
    ) -> SearchPlan:
        """The surroundings of the faces, and the slices that are due, as time allows."""
        elapsed_s = stamp_s - self._stamp_s
        self._stamp_s = stamp_s
        self._spare_time = self._spare_time.after(skipped, elapsed_s)
        new = [face for face in known if face.detections < _FIRST_LOOKS]
        others = [face for face in known if face.detections >= _FIRST_LOOKS]

        is_hurried = bool(others) and self._spare_time.is_short
        is_somebody_new = any(face.detections == 1 and not face.is_missed for face in known)
        may_sweep = not is_somebody_new and not self._is_faces_turn
        sweep = self._sweep(width, height) if may_sweep else ()
        slices = self._slices_due(sweep, stamp_s, elapsed_s, is_hurried) if sweep else []
        self._is_faces_turn = is_hurried and bool(slices)
        faces = new if self._is_faces_turn else new + self._in_turn(others, elapsed_s)

        self._looks = {face.key: self._looks.get(face.key, 0) + (face in faces) for face in known}
        areas = [self._surroundings(face, stamp_s, width, height) for face in faces]
        # Who should be outside the image is looked for all the same, and missed.
        return SearchPlan(
            areas=(*(area for area in areas if not area.centers.is_empty), *slices),
            sought=frozenset(face.key for face in faces),
        )

    def _slices_due(
        self, sweep: Sequence[SearchArea], stamp_s: float, elapsed_s: float, is_hurried: bool
    ) -> list[SearchArea]:
        count = len(sweep)
        # A slice less: who is found in the last one is to be a person in time, too.
        interval_s = max(self._sweep_period_s / (count + 1), _MIN_SLICE_INTERVAL_S)
        most = 1 if is_hurried or elapsed_s < _FEW_FRAMES_INTERVAL_S else _MAX_SLICES_A_FRAME
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

    def _in_turn(self, faces: Sequence[KnownFace], elapsed_s: float) -> list[KnownFace]:
        """As many of the faces as there is time for, those unseen for longest first."""
        least = min(elapsed_s, _LONGEST_INTERVAL_S) / _FACE_INTERVAL_S
        share = least + (1 - least) * self._spare_time.share
        in_turn = sorted(faces, key=lambda face: face.looked_for_s)
        return in_turn[: math.ceil(share * len(faces))]

    def _surroundings(self, face: KnownFace, stamp_s: float, width: int, height: int) -> SearchArea:
        (x, y), size_px = face.box.center, (face.box.width + face.box.height) / 2
        unseen_s = stamp_s - face.last_seen_s
        margin_px = min(_MARGIN + _MARGIN_PER_S * unseen_s, _MAX_MARGIN) * size_px
        centers = Box(x - margin_px, y - margin_px, x + margin_px, y + margin_px)
        is_uncertain = face.detections < _FIRST_LOOKS or face.is_missed
        is_next_turn = self._looks[face.key] % 2
        reach = _NEXT_LEVELS if is_next_turn and not is_uncertain else _LEVELS_BEYOND
        return SearchArea(centers.clipped(width, height), size_px / reach, size_px * reach)


@dataclass(frozen=True)
class SpareTime:
    """An estimate of how much more than the least a frame can be given, from what is skipped.

    Each frame before which images were skipped halves it; without such frames it is back within
    `_RECOVERY_S`: additive increase, multiplicative decrease, as in TCP's congestion control (Chiu
    and Jain, Computer Networks and ISDN Systems 17, 1989).

    Attributes:
        share: 0: the least, to 1: everything that is of use.
    """

    share: float = 1.0

    _RECOVERY_S: ClassVar[float] = 5.0
    _SHORT_BELOW: ClassVar[float] = 0.5
    _NONE_BELOW: ClassVar[float] = 0.05

    @property
    def is_short(self) -> bool:
        """Whether it is better to spread work over frames."""
        return self.share < self._SHORT_BELOW

    def after(self, skipped: int, elapsed_s: float) -> SpareTime:
        """The estimate after one more frame.

        Args:
            skipped: How many images were skipped before it.
            elapsed_s: Since the frame before.
        """
        if not skipped:
            return SpareTime(min(1.0, self.share + max(elapsed_s, 0.0) / self._RECOVERY_S))
        return SpareTime(self.share / 2 if self.share > self._NONE_BELOW else 0.0)
