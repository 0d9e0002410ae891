"""A camera's calibration, as its driver publishes it."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo
from sensor_msgs.msg import CameraInfo

from ..common import topics

_TYPE_NAME = "sensor_msgs/msg/CameraInfo"


def camera_info_topic(node: Node, camera: str) -> str:
    """Where a camera's CameraInfo is to be found, fully resolved.

    As for image_proc it lies beside the images, wherever these are remapped to, unless
    `camera_info` itself is remapped.

    Args:
        node: Whose remapping rules count.
        camera: The camera's name; empty: the only one.
    """
    own_name = topics.CAMERA_INFO.of_camera(camera).name
    resolved = str(node.resolve_topic_name(own_name))
    if resolved != node.resolve_topic_name(own_name, only_expand=True):
        return resolved
    image = str(node.resolve_topic_name(topics.IMAGE.of_camera(camera).name))
    return f"{image.rpartition('/')[0]}/{topics.CAMERA_INFO.name}"


class CameraInfoSubscription:
    """The newest CameraInfo of a camera.

    What a driver published before this node came is received where the driver keeps it (transient
    local), whatever comes later in any case.

    Args:
        node: Whose subscription it is.
        topic_name: Fully resolved.

    Attributes:
        topic_name: As given.
        newest: None: none has come yet. May be read from any thread.
    """

    def __init__(self, node: Node, topic_name: str) -> None:
        self.topic_name = topic_name
        self.newest: CameraInfo | None = None
        self._node = node
        self._is_latched = self._publishers_are_latched()
        self._subscription = self._subscribe()

    def publishers(self) -> list[TopicEndpointInfo]:
        """Everybody who publishes on the topic."""
        return list(self._node.get_publishers_info_by_topic(self.topic_name))

    def follow_publishers(self) -> None:
        """Subscribe anew where publishers came that keep their messages; call it now and then."""
        if self.publishers() and self._publishers_are_latched() != self._is_latched:
            self._is_latched = not self._is_latched
            self._node.destroy_subscription(self._subscription)
            self._subscription = self._subscribe()

    def destroy(self) -> None:
        """No CameraInfo comes any more."""
        self._node.destroy_subscription(self._subscription)

    def _publishers_are_latched(self) -> bool:
        profiles = [p.qos_profile for p in self.publishers() if p.topic_type == _TYPE_NAME]
        return bool(profiles) and all(
            profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
            and profile.reliability == ReliabilityPolicy.RELIABLE
            for profile in profiles
        )

    def _subscribe(self) -> Subscription:
        latched = self._is_latched
        profile = QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=1,
            reliability=ReliabilityPolicy.RELIABLE if latched else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )
        return self._node.create_subscription(CameraInfo, self.topic_name, self._take, profile)

    def _take(self, info: CameraInfo) -> None:
        self.newest = info
