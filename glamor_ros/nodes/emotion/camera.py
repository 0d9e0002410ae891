"""One camera of the node: what it publishes, and how its messages become frames and back."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from ...errors import GlamorError
from ...perception.frame import Frame
from ...perception.people import PeopleInView
from ...perception.tracking.follower import PeopleFollower
from ..common.managed_node import ManagedNode
from ..common.throttled_log import ThrottledLog
from ..input.image_statistics import ImageStatistics
from ..input.image_subscription import ImageMessage, ImageTopic
from ..input.stamps import CameraStamps
from ..outputs.attention import AttentionOutput
from ..outputs.emotions import EmotionsOutput
from ..outputs.pictures import PicturesOutput
from .positions import HeadPositions

LOG_INTERVAL_S = 5.0

Decode = Callable[[ImageMessage], NDArray[np.uint8]]


class CameraOutputs:
    """What is published of one camera's images, from configure to cleanup.

    Args:
        node: The publishers'.
        camera: The camera's name; empty: the only one.
    """

    def __init__(self, node: ManagedNode, camera: str) -> None:
        self.emotions = EmotionsOutput(node, camera)
        self.attention = AttentionOutput(node, camera)
        self.pictures = PicturesOutput(node, camera)

    def destroy(self) -> None:
        """Take the topics off the graph."""
        for output in (self.emotions, self.attention, self.pictures):
            output.destroy()


@dataclass(frozen=True, eq=False)
class Arrival:
    """One image of a camera that can be looked at.

    Attributes:
        camera: Whose it is.
        frame: The image.
        header: Of the camera's message.
    """

    camera: Camera
    frame: Frame
    header: Header


class Camera:
    """One camera while the node is active, as the thread that works on its images sees it.

    Args:
        name: Empty: the only one.
        topic: Where its images come from.
        decode: Makes a BGR image of a message; keeps what it knows of this camera's images.
        follower: What is known of the people before it.
        outputs: Where the results go.
        positions: Tells where the people are.
        now_s: The node's clock; 0: it does not run.
        warn: Writes a warning to the log.
        complain: Writes an error to the log.
    """

    def __init__(
        self,
        name: str,
        topic: ImageTopic,
        *,
        decode: Decode,
        follower: PeopleFollower,
        outputs: CameraOutputs,
        positions: HeadPositions,
        now_s: Callable[[], float],
        warn: Callable[[str], object],
        complain: Callable[[str], object],
    ) -> None:
        self.name = name
        self.topic = topic
        self.follower = follower
        self.outputs = outputs
        self.positions = positions
        self.statistics = ImageStatistics()
        self._decode = decode
        self._dropped = 0
        self._stamps = CameraStamps(topic.name, now_s, warn)
        self._report_unusable = ThrottledLog(complain, LOG_INTERVAL_S)
        self._report_failure = ThrottledLog(complain, LOG_INTERVAL_S)

    def arrival(self, message: ImageMessage) -> Arrival:
        """The image of a message.

        Raises:
            GlamorError: It cannot be read, or its stamp cannot be a time.
        """
        stamp_s = self._stamps.stamp_s(message.header.stamp)
        dropped = self.statistics.dropped
        skipped, self._dropped = dropped - self._dropped, dropped
        frame = Frame(self._decode(message), stamp_s, self.name, skipped)
        return Arrival(self, frame, message.header)

    def publish_people(self, view: PeopleInView, header: Header) -> None:
        """Publish who is in an image, and where the network looked."""
        latency_s = self._stamps.age_s(header.stamp)
        self.outputs.emotions.publish(view, header, latency_s)
        unknown = Counter(p.weakness.value for p in view.people if p.weakness is not None)
        self.statistics.add_processed(len(view.people), latency_s, unknown)
        self.outputs.attention.publish(view, header)

    def count_unusable(self, error: GlamorError) -> None:
        """Count and report an image that cannot be used."""
        self.statistics.rejected += 1
        self._report_unusable(
            f"skipped an unusable image on {self.topic.name}: {error} "
            f"[{self.statistics.rejected} so far]"
        )

    def count_failure(self, trace: str) -> None:
        """Count and report an image that was lost to an unexpected error."""
        self.statistics.failed += 1
        self._report_failure(
            f"skipped an image on {self.topic.name} after an unexpected error "
            f"[{self.statistics.failed} so far]:\n{trace}"
        )


class FailureStreak:
    """The unexpected errors since the last image that went well, of all cameras.

    One thread may use it, and the clock must be a steady one.

    Args:
        clock: In seconds.
        max_failures: So many in a row are too many ...
        max_failing_s: ... and so is a streak of at least three that lasts so long.
    """

    def __init__(
        self, clock: Callable[[], float], max_failures: int = 30, max_failing_s: float = 5.0
    ) -> None:
        self._clock = clock
        self._max_failures = max_failures
        self._max_failing_s = max_failing_s
        self._count = 0
        self._began_s = math.nan

    @property
    def count(self) -> int:
        """How many there were."""
        return self._count

    @property
    def is_hopeless(self) -> bool:
        """Whether it is not to be expected that the next image goes well."""
        lasts_s = self._clock() - self._began_s
        return self._count >= self._max_failures or (
            self._count >= 3 and lasts_s >= self._max_failing_s
        )

    def succeeded(self) -> None:
        """An image went well."""
        self._count = 0

    def failed(self) -> None:
        """An image was lost."""
        if self._count == 0:
            self._began_s = self._clock()
        self._count += 1
