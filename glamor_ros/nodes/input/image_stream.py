"""The stream of images between activation and deactivation."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.lifecycle import LifecycleNode

from ..emotion.camera_statistics import CameraStatistics
from .frame_worker import FrameWorker
from .image_subscription import ImageMessage, ImageSubscription, ImageTopic
from .image_watchdog import ImageWatchdog, explain_silence

SUPERVISION_INTERVAL_S = 0.5


class ImageStream:
    """Gives the newest image to `process`, in a thread of its own, until it is stopped.

    The subscription and a timer run in the node's executor. The timer lets the subscription follow
    its publishers and says when images stay away for longer than no_image_timeout_s (0: never),
    which may be set at any time.

    rclpy's executor may hold on to a stopped stream for a while; it must not hold the networks.
    """

    def __init__(
        self,
        node: LifecycleNode,
        topic: ImageTopic,
        *,
        reliability: str,
        process: Callable[[ImageMessage], None],
        statistics: CameraStatistics,
        no_image_timeout_s: float,
    ) -> None:
        self.no_image_timeout_s = no_image_timeout_s
        self._node = node
        self._statistics = statistics
        self._worker: FrameWorker[ImageMessage] = FrameWorker(process, f"images {topic.name}")
        self._subscription = ImageSubscription(node, topic, reliability, self._on_image)
        self._watchdog = ImageWatchdog(
            topic.name,
            explain=lambda: explain_silence(node, self._subscription),
            warn=node.get_logger().warning,
            tell=node.get_logger().info,
        )
        self._timer = node.create_timer(SUPERVISION_INTERVAL_S, self._supervise)

    def stop(self) -> None:
        """Unsubscribe; returns when the image being processed is done."""
        self._node.destroy_timer(self._timer)
        self._subscription.destroy()
        self._worker.stop()

    def _on_image(self, message: ImageMessage) -> None:
        self._watchdog.image_arrived()
        self._statistics.received += 1
        if self._worker.submit(message):
            self._statistics.dropped += 1

    def _supervise(self) -> None:
        self._subscription.follow_publishers()
        self._watchdog.check(self.no_image_timeout_s)
