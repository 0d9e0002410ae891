"""The subscription to a camera's images, as reliable as their publishers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSPolicyKind,
    QoSProfile,
    ReliabilityPolicy,
)
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo
from sensor_msgs.msg import CompressedImage, Image

TRANSPORTS = ("raw", "compressed")
RELIABILITIES = ("auto", "reliable", "best_effort")

ImageMessage: TypeAlias = "Image | CompressedImage"

# Reliability is left out: `image_reliability` decides on it, while the node runs.
_OVERRIDABLE = (QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.DURABILITY)


@dataclass(frozen=True)
class ImageTopic:
    """Where the images come from.

    Attributes:
        name: Fully resolved.
        message_type: Of the messages.
        type_name: The same as the ROS graph has it.
        remapped_name: What a remapping rule of the node names: without namespace and transport.
    """

    name: str
    message_type: type[ImageMessage]
    type_name: str
    remapped_name: str = "image"


def image_topic(node: Node, base_name: str, transport: str) -> ImageTopic:
    """The topic of a camera for one of TRANSPORTS.

    As with image_transport the compressed images lie below the raw ones, wherever these are
    remapped to.
    """
    base = node.resolve_topic_name(base_name)
    if transport == "raw":
        return ImageTopic(base, Image, "sensor_msgs/msg/Image", base_name)
    name = node.resolve_topic_name(f"{base}/compressed")
    return ImageTopic(name, CompressedImage, "sensor_msgs/msg/CompressedImage", base_name)


def depth_topic(node: Node, base_name: str) -> ImageTopic:
    """The topic of a camera's depth images."""
    return ImageTopic(node.resolve_topic_name(base_name), Image, "sensor_msgs/msg/Image", base_name)


def matching_reliability(offered: Sequence[ReliabilityPolicy]) -> ReliabilityPolicy:
    """What receives from all publishers that offer these: reliable only where each of them is."""
    if offered and all(policy == ReliabilityPolicy.RELIABLE for policy in offered):
        return ReliabilityPolicy.RELIABLE
    return ReliabilityPolicy.BEST_EFFORT


class ImageSubscription:
    """A subscription of depth 1, made anew where its publishers ask for another reliability.

    Args:
        node: Whose subscription it is.
        topic: What is subscribed to.
        reliability: One of RELIABILITIES.
        on_image: Takes each message, in the node's executor.
    """

    def __init__(
        self,
        node: Node,
        topic: ImageTopic,
        reliability: str,
        on_image: Callable[[ImageMessage], None],
    ) -> None:
        self.topic = topic
        self._node = node
        self._on_image = on_image
        self._is_automatic = reliability == "auto"
        self._reliability = (
            matching_reliability(self._offered())
            if self._is_automatic
            else ReliabilityPolicy[reliability.upper()]
        )
        self._subscription: Subscription = self._subscribe()

    @property
    def reliability(self) -> str:
        """Either "reliable" or "best_effort", as it is now."""
        return str(self._reliability.name.lower())

    def publishers(self) -> list[TopicEndpointInfo]:
        """Everybody who publishes on the topic, of whatever type."""
        return list(self._node.get_publishers_info_by_topic(self.topic.name))

    def follow_publishers(self) -> None:
        """Take over another reliability where publishers came or changed; call it now and then."""
        offered = self._offered()
        if not self._is_automatic or not offered:
            return
        wanted = matching_reliability(offered)
        if wanted != self._reliability:
            self._reliability = wanted
            self._node.destroy_subscription(self._subscription)
            self._subscription = self._subscribe()
            self._node.get_logger().info(
                f"subscribed to {self.topic.name} as {self.reliability}, as its publishers are"
            )

    def destroy(self) -> None:
        """No image comes any more."""
        self._node.destroy_subscription(self._subscription)

    def _offered(self) -> list[ReliabilityPolicy]:
        return [
            publisher.qos_profile.reliability
            for publisher in self.publishers()
            if publisher.topic_type == self.topic.type_name
        ]

    def _subscribe(self) -> Subscription:
        profile = QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=1,
            reliability=self._reliability,
            durability=DurabilityPolicy.VOLATILE,
        )
        return self._node.create_subscription(
            self.topic.message_type,
            self.topic.name,
            self._on_image,
            profile,
            qos_overriding_options=QoSOverridingOptions(_OVERRIDABLE),
        )
