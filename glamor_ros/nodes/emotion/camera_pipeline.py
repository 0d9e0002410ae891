"""One camera: its images in, what is seen of the people out."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode

from ...messages.image_decoding import ImageDecoder
from ...perception.engine import PeopleObserver
from ...perception.tracking.detection_policy import FullDetection
from ...perception.tracking.follower import FollowerSettings, PeopleFollower
from ..input.image_stream import ImageStream
from ..input.image_subscription import image_topic
from ..outputs.people_publishers import PeoplePublishers
from .camera_statistics import CameraStatistics
from .frame_processor import FrameProcessor


class CameraPipeline:
    """The parts of one camera, put together; processes images while it is active.

    transport and reliability: of image_subscription's TRANSPORTS and RELIABILITIES.
    no_image_timeout_s: 0 never complains.
    """

    def __init__(
        self,
        node: LifecycleNode,
        decoder: ImageDecoder,
        observer: PeopleObserver,
        follower: PeopleFollower,
        *,
        transport: str,
        reliability: str,
        no_image_timeout_s: float,
    ) -> None:
        self._no_image_timeout_s = no_image_timeout_s
        self._node = node
        self._decoder = decoder
        self._observer = observer
        self._follower = follower
        self._topic = image_topic(node, "image", transport)
        self._reliability = reliability
        self._publishers = PeoplePublishers(node)
        self._statistics = CameraStatistics()
        self._stream: ImageStream | None = None

    def apply(
        self, settings: FollowerSettings, detection_interval_s: float, no_image_timeout_s: float
    ) -> None:
        """Take over changed parameters; the next image is processed with them."""
        self._follower.settings = settings
        self._follower.policy = FullDetection(detection_interval_s)
        self._no_image_timeout_s = no_image_timeout_s
        if self._stream is not None:
            self._stream.no_image_timeout_s = no_image_timeout_s

    def activate(self) -> None:
        """Subscribe and process what comes."""
        self._follower.reset()
        self._statistics = CameraStatistics()
        processor = FrameProcessor(
            self._node,
            self._topic.name,
            self._decoder,
            self._observer,
            self._follower,
            self._publishers,
            self._statistics,
        )
        self._stream = ImageStream(
            self._node,
            self._topic,
            reliability=self._reliability,
            process=processor.process,
            statistics=self._statistics,
            no_image_timeout_s=self._no_image_timeout_s,
        )
        self._node.get_logger().info(f"waiting for images on {self._topic.name}")

    def deactivate(self) -> None:
        """Unsubscribe; returns when the image being processed is done. Logs the statistics."""
        if self._stream is None:
            return
        self._stream.stop()
        self._stream = None
        self._node.get_logger().info(f"{self._topic.name}: {self._statistics.summary()}")

    def destroy(self) -> None:
        """Deactivate and take the topics off the graph."""
        self.deactivate()
        self._publishers.destroy()
