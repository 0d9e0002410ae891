"""A camera's last depth images, to be found by their stamps."""

from __future__ import annotations

from collections import deque

from builtin_interfaces.msg import Time
from rclpy.node import Node
from sensor_msgs.msg import Image

from .image_subscription import ImageMessage, ImageSubscription, ImageTopic

# A third of a second at 30 Hz: longer than a frame takes on its way through the networks.
_KEPT = 10


class RecentImages:
    """The last messages of a topic, as they came: nothing in them is read but the stamp.

    One thread may add while another looks for one.
    """

    def __init__(self) -> None:
        self._messages: deque[Image] = deque(maxlen=_KEPT)

    def add(self, message: Image) -> None:
        """Keep a message, and let go of the oldest."""
        self._messages.append(message)

    def nearest(self, stamp: Time, tolerance_s: float) -> Image | None:
        """The message whose stamp is nearest to this one.

        Args:
            stamp: Of the image that it is to belong to.
            tolerance_s: How far apart the stamps may be.

        Returns:
            None where no message is near enough.
        """
        best = min(
            # A copy: the other thread may add meanwhile.
            self._messages.copy(),
            key=lambda message: abs(_apart_ns(message.header.stamp, stamp)),
            default=None,
        )
        if best is None or abs(_apart_ns(best.header.stamp, stamp)) > tolerance_s * 1e9:
            return None
        return best


class DepthStream:
    """The subscription to a camera's depth images, as reliable as their publishers.

    Args:
        node: Whose subscription it is.
        topic: Of the depth images.
    """

    def __init__(self, node: Node, topic: ImageTopic) -> None:
        self.recent = RecentImages()
        self._subscription = ImageSubscription(node, topic, "auto", self._take)

    @property
    def topic_name(self) -> str:
        """Fully resolved."""
        return self._subscription.topic.name

    def follow_publishers(self) -> None:
        """Take over another reliability where publishers came or changed; call it now and then."""
        self._subscription.follow_publishers()

    def destroy(self) -> None:
        """No depth image comes any more."""
        self._subscription.destroy()

    def _take(self, message: ImageMessage) -> None:
        self.recent.add(message)


def _apart_ns(a: Time, b: Time) -> int:
    return int((a.sec - b.sec) * 1_000_000_000 + a.nanosec - b.nanosec)
