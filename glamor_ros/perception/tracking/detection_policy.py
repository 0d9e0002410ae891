"""What is searched for faces in a frame: everything, a part, or nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..detection.face_detector import SearchArea
from ..geometry import Box

# A camera's stamps jitter: without this, an interval of three frames would often become four.
STAMP_JITTER_S = 1e-3


@dataclass(frozen=True)
class KnownFace:
    """A face that is being followed, before a frame is searched.

    Attributes:
        key: Tells the faces of one camera apart.
        box: Where it is expected, in pixels of the frame.
        last_seen_s: Stamp of the last frame in which it was detected.
        looked_for_s: Stamp of the last frame in which it was looked for.
        is_missed: Whether it was not found when it was last looked for.
        detections: How often it has been detected.
    """

    key: int
    box: Box
    last_seen_s: float
    looked_for_s: float
    is_missed: bool
    detections: int


@dataclass(frozen=True)
class SearchPlan:
    """What is to be searched in one frame.

    Attributes:
        everything: Whether the whole frame is searched, at all sizes; areas is empty then.
        areas: The parts that are searched otherwise; none: the detector does not run.
        sought: The keys of the faces that are found if they are where they are expected.
    """

    everything: bool = False
    areas: tuple[SearchArea, ...] = ()
    sought: frozenset[int] = field(default_factory=frozenset)


class DetectionPolicy(Protocol):
    """A way to spend the detector's time on one camera's frames.

    Each frame is planned by a flat copy (`copy.copy`), which is dropped where the frame fails: a
    policy replaces what it remembers and never changes it in place.
    """

    def plan(
        self,
        width: int,
        height: int,
        stamp_s: float,
        known: Sequence[KnownFace],
        skipped: int = 0,
    ) -> SearchPlan:
        """What to search in the next frame.

        Args:
            width: Of the frame, in pixels.
            height: Of the frame, in pixels.
            stamp_s: When it was taken; rises from call to call, save after `reset`.
            known: The faces that are being followed.
            skipped: How many images of the camera were skipped since the last frame.
        """
        ...

    def reset(self) -> None:
        """Forget what has been searched."""
        ...


class FullDetection:
    """A search of everything in every frame, or once in an interval; prediction in between.

    Args:
        interval_s: 0 searches every frame.
    """

    def __init__(self, interval_s: float = 0.0) -> None:
        self._interval_s = interval_s
        self._searched_s = -math.inf

    def plan(
        self,
        width: int,
        height: int,
        stamp_s: float,
        known: Sequence[KnownFace],
        skipped: int = 0,
    ) -> SearchPlan:
        """Everything where the interval has passed, else nothing."""
        if stamp_s - self._searched_s < self._interval_s - STAMP_JITTER_S:
            return SearchPlan()
        self._searched_s = stamp_s
        return SearchPlan(everything=True, sought=frozenset(face.key for face in known))

    def reset(self) -> None:
        """The next frame is searched."""
        self._searched_s = -math.inf
