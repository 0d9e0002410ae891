"""One camera's images while the node is active."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleNode

from ..common.throttled_log import ThrottledLog
from .arrivals import ArrivalMonitor, PaceMonitor
from .image_statistics import ImageStatistics
from .image_subscription import ImageMessage, ImageSubscription, ImageTopic
from .image_watchdog import ImageWatchdog, explain_silence

SUPERVISION_INTERVAL_S = 0.5


class ImageStream:
    """The subscription to a camera, supervised.

    It lives in the node's executor. A timer lets the subscription follow its publishers and says
    when images stay away, when most of them are lost on the way, and when the node is too slow for
    them. It runs on a steady clock, since ROS time may stand still.

    Args:
        node: Whose subscription it is.
        topic: Where the images come from.
        reliability: One of image_subscription.RELIABILITIES.
        submit: Takes each image; tells whether it replaced one that had to wait.
        statistics: Where the images are counted.
        no_image_timeout_s: After so long without an image the cause is said; 0: never.
        advice: What can be done where the node is too slow.
        pace: Judges whether it is; None: over ten seconds each time.

    Attributes:
        no_image_timeout_s: May be set at any time.

    Raises:
        ValueError: The subscription cannot be made; so do InvalidParameterValueException and others
            of rclpy where QoS overrides cannot be used.
    """

    def __init__(
        self,
        node: LifecycleNode,
        topic: ImageTopic,
        *,
        reliability: str,
        submit: Callable[[ImageMessage], bool],
        statistics: ImageStatistics,
        no_image_timeout_s: float,
        advice: str,
        pace: PaceMonitor | None = None,
    ) -> None:
        self.no_image_timeout_s = no_image_timeout_s
        self._node = node
        self._topic = topic
        self._submit = submit
        self._statistics = statistics
        self._advice = advice
        self._arrivals = ArrivalMonitor()
        self._pace = pace or PaceMonitor()
        logger = node.get_logger()
        # rclpy refuses another severity from the line that it is called from, hence the lambdas.
        self._say_slow = ThrottledLog(lambda line: logger.warning(line), math.inf)
        self._say_lossy = ThrottledLog(lambda line: logger.warning(line), math.inf)
        self._subscription = ImageSubscription(node, topic, reliability, self._on_image)
        self._watchdog = ImageWatchdog(
            topic.name,
            explain=lambda: explain_silence(node, self._subscription),
            warn=logger.warning,
            tell=logger.info,
        )
        self._timer = node.create_timer(
            SUPERVISION_INTERVAL_S, self._supervise, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def stop(self) -> None:
        """Unsubscribe; no image comes any more."""
        self._node.destroy_timer(self._timer)
        self._subscription.destroy()

    def _on_image(self, message: ImageMessage) -> None:
        self._watchdog.image_arrived()
        stamp = message.header.stamp
        self._arrivals.arrived(stamp.sec + stamp.nanosec * 1e-9)
        self._statistics.received += 1
        if self._submit(message):
            self._statistics.dropped += 1

    def _supervise(self) -> None:
        self._subscription.follow_publishers()
        self._watchdog.check(self.no_image_timeout_s)
        lost_share = self._arrivals.lost_share()
        if lost_share > 0:
            self._say_lossy(
                f"about {lost_share:.0%} of the images on {self._topic.name} do not arrive "
                f"({self._subscription.reliability} subscription), by the spacing of their stamps. "
                "Images larger than a DDS segment travel in pieces, and a lost piece loses the "
                "image: give Fast DDS larger segments (config/fastdds_shared_memory.xml), or use a "
                "lower resolution or image_transport compressed"
            )
        statistics = self._statistics
        pace = self._pace.slow_pace(time.monotonic(), statistics.received, statistics.handled)
        if pace is not None:
            self._say_slow(
                f"the node is too slow for {self._topic.name}: it processes {pace[0]:.1f} of "
                f"{pace[1]:.1f} images a second, the newest each time. {self._advice}"
            )
