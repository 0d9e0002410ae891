"""What is searched for faces in a frame: everything, a part, or nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..detection.face_detector import SearchArea
from ..geometry import Box

# A camera's stamps jitter: without this, an interval of three frames would often become four.
_STAMP_JITTER_S = 1e-3


@dataclass(frozen=True)
class KnownFace:
    """A face that is being followed, before a frame is searched.

    Attributes:
        person_id: Whose it is.
        box: Where it is expected, in pixels of the frame.
        looked_for_s: Stamp of the last frame in which it was looked for.
    """

    person_id: str
    box: Box
    looked_for_s: float


@dataclass(frozen=True)
class SearchPlan:
    """What is to be searched in one frame.

    Attributes:
        everything: Whether the whole frame is searched, at all sizes; areas is empty then.
        areas: The parts that are searched otherwise; none: the detector does not run.
        sought: The ids of the people who are found if they are where they are expected.
    """

    everything: bool = False
    areas: tuple[SearchArea, ...] = ()
    sought: frozenset[str] = field(default_factory=frozenset)


class DetectionPolicy(Protocol):
    """A way to spend the detector's time on one camera's frames."""

    def plan(
        self, width: int, height: int, stamp_s: float, known: Sequence[KnownFace]
    ) -> SearchPlan:
        """What to search in the next frame.

        Args:
            width: Of the frame, in pixels.
            height: Of the frame, in pixels.
            stamp_s: When it was taken; rises from call to call, save after `reset`.
            known: The faces that are being followed.
        """
        ...

    def reset(self) -> None:
        """Forget what has been searched."""
        ...


class FullDetection:
    """Everything in every frame, or once in interval_s; the tracker predicts in between.

    Attributes:
        interval_s: May be changed at any time; 0 searches every frame.
    """

    def __init__(self, interval_s: float = 0.0) -> None:
        self.interval_s = interval_s
        self._searched_s = -math.inf

    def plan(
        self, width: int, height: int, stamp_s: float, known: Sequence[KnownFace]
    ) -> SearchPlan:
        """Everything where the interval has passed, else nothing."""
        if stamp_s - self._searched_s < self.interval_s - _STAMP_JITTER_S:
            return SearchPlan()
        self._searched_s = stamp_s
        return SearchPlan(everything=True, sought=frozenset(face.person_id for face in known))

    def reset(self) -> None:
        """The next frame is searched."""
        self._searched_s = -math.inf
