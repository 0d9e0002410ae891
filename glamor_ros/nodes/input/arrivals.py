"""What the arrival of a camera's images tells: that some are lost on the way, or come too fast."""

from __future__ import annotations

from collections import deque

import numpy as np

_WINDOW = 60
_MIN_INTERVALS = 15
# Closer stamps are those of a camera that sends in bursts, not of a steady one.
_MIN_PERIOD_S = 1 / 130
# A camera that loses half of its images has a median interval of two periods.
_LOSSY_RATIO = 1.8


class ArrivalMonitor:
    """The stamps of a camera's last images, as they arrived.

    A steady camera's stamps lie a period apart. Where most of its images are lost on the way, the
    few that follow each other still show that period, but the usual interval is a multiple of it.
    """

    def __init__(self) -> None:
        self._intervals_s: deque[float] = deque(maxlen=_WINDOW)
        self._stamp_s: float | None = None

    def arrived(self, stamp_s: float) -> None:
        """Take the stamp of the next image; 0 or less: it has none."""
        if self._stamp_s is not None and stamp_s > self._stamp_s > 0:
            self._intervals_s.append(stamp_s - self._stamp_s)
        self._stamp_s = stamp_s

    def lost_share(self) -> float:
        """The share of the camera's images that did not arrive.

        Returns:
            0 to 1; 0 as well where it is less than about a half, too little has been seen, or the
            camera is not a steady one.
        """
        if len(self._intervals_s) < _MIN_INTERVALS:
            return 0.0
        period_s, usual_s = np.percentile(self._intervals_s, [10, 50])
        if period_s < _MIN_PERIOD_S or usual_s < _LOSSY_RATIO * period_s:
            return 0.0
        return float(1 - period_s / np.mean(self._intervals_s))


class PaceMonitor:
    """Whether a camera's images are processed about as fast as they come.

    Args:
        window_s: The time over which they are counted.
        min_share: The share of images processed below which the pace is too slow.
        min_images: What must have come in that time for a judgement.
    """

    def __init__(
        self, window_s: float = 10.0, min_share: float = 2 / 3, min_images: int = 50
    ) -> None:
        self._window_s = window_s
        self._min_share = min_share
        self._min_images = min_images
        self._began: tuple[float, int, int] | None = None

    def slow_pace(self, now_s: float, received: int, processed: int) -> tuple[float, float] | None:
        """Judge the pace; to be called now and then.

        Args:
            now_s: The time by a steady clock.
            received: Images that have arrived so far.
            processed: Images that have been processed so far.

        Returns:
            Images processed and images received a second over the last window where the pace was
            too slow; else None.
        """
        if self._began is None or self._began[1] > received:
            self._began = (now_s, received, processed)
        began_s, received_before, processed_before = self._began
        if now_s - began_s < self._window_s:
            return None
        self._began = (now_s, received, processed)
        came, done = received - received_before, processed - processed_before
        if came < self._min_images or done >= self._min_share * came:
            return None
        return done / (now_s - began_s), came / (now_s - began_s)
