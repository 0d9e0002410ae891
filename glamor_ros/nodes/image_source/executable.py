"""The executable image_source_node: publishes videos, webcams and photographs as a camera would."""

from __future__ import annotations

import sys
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from std_msgs.msg import Header

from ...media.moving_photograph import fitted
from ...media.pictures import BgrImage, MediaError
from ...media.sources import ImageSource, open_image_source
from ...messages.camera_info import pinhole_camera_info
from ...messages.image_encoding import ImageEncodingError, compressed_image_message, image_message
from ..common import topics
from ..common.node_parameters import NodeParameters
from ..common.node_process import ProcessNode, run_node
from ..input.image_subscription import image_topic
from .parameters import IMAGE_SOURCE_PARAMETERS

LAST_IMAGE_TIMEOUT_S = 2.0


class ImageSourceNode(Node):
    """Publishes an image and its camera_info at a set rate; see IMAGE_SOURCE_PARAMETERS."""

    def __init__(self, **node_options: Any) -> None:
        super().__init__("image_source_node", **node_options)
        parameters = NodeParameters(self, IMAGE_SOURCE_PARAMETERS)
        self._values = parameters.values()
        self._source: ImageSource | None = None
        self._exit_code: int | None = None
        self._count = 0
        self._images = self._create_publisher(topics.SOURCE_IMAGE)
        self._camera_infos = self._create_publisher(topics.SOURCE_CAMERA_INFO)
        self._compressed_images: Publisher | None = None
        if self._values["publish_compressed"]:
            self._compressed_images = self._create_publisher(
                topics.SOURCE_COMPRESSED, image_topic(self, "image", "compressed").name
            )

    def start(self) -> bool:
        """Open the source and begin. False: it cannot be opened."""
        values = self._values
        name, rate_hz = str(values["source"]), float(values["rate_hz"])
        try:
            self._source = open_image_source(
                name,
                width=int(values["width"]),
                height=int(values["height"]),
                rate_hz=rate_hz,
                loop=bool(values["loop"]),
                warn=self.get_logger().warning,
            )
        except (MediaError, OSError) as error:
            self.get_logger().fatal(str(error))
            return False
        rate_hz = rate_hz or self._source.rate_hz
        self.create_timer(1 / rate_hz, self._publish_next)
        self.get_logger().info(
            f"publishing {name} on {self._images.topic_name} at {rate_hz:g} Hz as "
            f"{values['encoding']}"
        )
        return True

    @property
    def exit_code(self) -> int | None:
        """None while there are images; 0 after the last, 1 where the source failed."""
        return self._exit_code

    def shut_down(self) -> None:
        """Let go of the source."""
        if self._source is not None:
            self._source.close()

    def _publish_next(self) -> None:
        if self._source is None or self._exit_code is not None or self._has_to_wait():
            return
        try:
            image_bgr = self._source.read()
            if image_bgr is None:
                self._end()
                return
            self._publish(image_bgr)
        except (MediaError, ImageEncodingError) as error:
            self.get_logger().fatal(str(error))
            self._exit_code = 1

    def _has_to_wait(self) -> bool:
        publishers = filter(None, (self._images, self._compressed_images))
        return bool(
            self._values["wait_for_subscriber"]
            and self._count == 0
            and not any(publisher.get_subscription_count() for publisher in publishers)
        )

    def _publish(self, image_bgr: BgrImage) -> None:
        values = self._values
        header = Header(
            stamp=self.get_clock().now().to_msg(),
            frame_id=str(values["frame_id"]),
        )
        image_bgr = fitted(image_bgr, int(values["width"]), int(values["height"]))
        height, width = image_bgr.shape[:2]
        self._images.publish(image_message(image_bgr, header, str(values["encoding"])))
        self._camera_infos.publish(
            pinhole_camera_info(width, height, float(values["horizontal_fov_deg"]), header)
        )
        if self._compressed_images is not None:
            self._compressed_images.publish(compressed_image_message(image_bgr, header))
        self._count += 1

    def _end(self) -> None:
        # What is still on its way is lost with the publisher.
        for publisher in filter(None, (self._images, self._compressed_images)):
            publisher.wait_for_all_acked(Duration(seconds=LAST_IMAGE_TIMEOUT_S))
        self.get_logger().info(f"the source has ended after {self._count} images")
        self._exit_code = 0

    def _create_publisher(self, topic: topics.TopicSpec, name: str | None = None) -> Publisher:
        reliability = ReliabilityPolicy[str(self._values["reliability"]).upper()]
        return self.create_publisher(
            topic.message_type,
            name or topic.name,
            topic.publisher_qos(reliability),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )


def main(args: list[str] | None = None) -> int:
    """Run the node; the exit code is that of run_node."""
    return run_node(_make_node, args)


def _make_node() -> ProcessNode:
    node: ProcessNode = ImageSourceNode()
    return node


if __name__ == "__main__":
    sys.exit(main())
