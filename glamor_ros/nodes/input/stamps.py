"""The stamps of a camera's images: whether they can be used, and how old an image is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from builtin_interfaces.msg import Time

from ...perception.frame import StampError

MAX_PLAUSIBLE_AGE_S = 3600.0
_MAX_EQUAL_STAMPS = 10


class CameraStamps:
    """The stamps of one camera's images, judged one after the other.

    Args:
        topic_name: Whose images they are.
        now_s: The node's clock; 0: it does not run, as before the first /clock.
        say_once: Called with each thing that is wrong with the stamps, the first time.
        system_now_s: What images without a stamp are stamped with where the clock does not run.
    """

    def __init__(
        self,
        topic_name: str,
        now_s: Callable[[], float],
        say_once: Callable[[str], object],
        system_now_s: Callable[[], float] = time.time,
    ) -> None:
        self._topic_name = topic_name
        self._now_s = now_s
        self._say = say_once
        self._system_now_s = system_now_s
        self._said: set[str] = set()
        self._last_s = math.nan
        self._equal_count = 0

    def stamp_s(self, stamp: Time) -> float:
        """When the image was taken, in seconds.

        Images without a stamp get the present time, or people could not be followed through them.

        Raises:
            StampError: The stamp lies before 1970.
        """
        if stamp.sec < 0:
            raise StampError(f"the stamp is negative ({stamp.sec} s): is the camera's clock set?")
        if _is_missing(stamp):
            self._say_once(
                "missing",
                f"the images on {self._topic_name} have no stamp: people are followed by the time "
                "at which their images are processed, and `latency` is NaN",
            )
            return self._now_s() or self._system_now_s()
        seconds = float(stamp.sec + stamp.nanosec * 1e-9)
        self._equal_count = self._equal_count + 1 if seconds == self._last_s else 0
        self._last_s = seconds
        if self._equal_count >= _MAX_EQUAL_STAMPS:
            self._say_once(
                "constant",
                f"the images on {self._topic_name} all have the stamp {seconds:.3f} s: how people "
                "move cannot be told, and nobody is ever gone. Let the driver stamp each image",
            )
        return seconds

    def age_s(self, stamp: Time) -> float:
        """From the stamp to now; NaN: the image has no stamp, or the clock does not run."""
        now_s = self._now_s()
        if _is_missing(stamp) or now_s == 0:
            return math.nan
        age_s = now_s - float(stamp.sec + stamp.nanosec * 1e-9)
        if abs(age_s) > MAX_PLAUSIBLE_AGE_S:
            where = "behind" if age_s > 0 else "ahead of"
            self._say_once(
                "old",
                f"the stamps on {self._topic_name} are {abs(age_s) / 3600:.1f} h {where} this "
                "node's clock: `latency` is that difference. Set the clocks to the same time; for "
                "a recording, set use_sim_time and let the player publish /clock",
            )
        return age_s

    def _say_once(self, key: str, line: str) -> None:
        if key not in self._said:
            self._said.add(key)
            self._say(line)


def _is_missing(stamp: Time) -> bool:
    return stamp.sec == 0 and stamp.nanosec == 0
