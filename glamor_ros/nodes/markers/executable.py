"""The executable markers_node: people as markers in space, where RViz and Foxglove show them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.node import Node
from std_msgs.msg import Header

from glamor_ros.msg import PersonEmotionArray

from ...messages.markers import MarkerSize, PeopleMarkers, face_transform
from ...messages.quantities import known_position
from ...perception.geometry import Position
from ...perception.speed_limit import SpeedLimit
from ..common import topics
from ..common.camera_names import camera_names
from ..common.node_parameters import NodeParameters, name_unknown_parameters
from ..common.node_process import ProcessNode, run_node
from .parameters import MARKERS_PARAMETERS, marker_size, speed_limit_m_s

TF_TOPIC = "/tf"
# As tf2's own broadcasters have it.
TF_DEPTH = 100

PublishFrames = Callable[[Mapping[str, Position], Header], None]


class CameraMarkers:
    """The markers of one camera's people, from its `emotions` to its `markers`.

    Args:
        node: The subscription's and the publisher's.
        camera: The camera's name; empty: the only one.
        size: How large and lasting markers are.
        speed_limit: What positions go through.
        publish_frames: Takes the positions too, by the people's ids.
    """

    def __init__(
        self,
        node: Node,
        camera: str,
        size: MarkerSize,
        speed_limit: SpeedLimit,
        publish_frames: PublishFrames,
    ) -> None:
        self._markers = PeopleMarkers(size)
        self._speed_limit = speed_limit
        self._publish_frames = publish_frames
        self._last_header = Header()
        output = topics.MARKERS.of_camera(camera)
        self._publisher = node.create_publisher(
            output.message_type, output.name, output.publisher_qos()
        )
        topic = topics.EMOTIONS.of_camera(camera)
        node.create_subscription(
            topic.message_type, topic.name, self._on_people, topic.publisher_qos()
        )

    def clear(self) -> None:
        """Delete all markers from the viewers."""
        self._publish(self._markers.clear(self._last_header))

    def _on_people(self, message: PersonEmotionArray) -> None:
        self._last_header = message.header
        stamp = message.header.stamp
        stamp_s = stamp.sec + stamp.nanosec * 1e-9
        positions: dict[str, Position] = {}
        for person in message.people:
            if (position := known_position(person.position)) is not None:
                positions[person.person_id] = self._speed_limit.update(
                    person.person_id, position, stamp_s
                )
        self._speed_limit.keep(positions)
        self._publish(self._markers.update(message, positions))
        self._publish_frames(positions, message.header)

    def _publish(self, markers: Any) -> None:
        if markers.markers:
            self._publisher.publish(markers)


class MarkersNode(Node):
    """A node that shows people as markers in space; see MARKERS_PARAMETERS."""

    def __init__(self, **node_options: Any) -> None:
        super().__init__("markers_node", **node_options)
        values = NodeParameters(self, MARKERS_PARAMETERS).values()
        publish_frames = _frames_publisher(self) if values["publish_tf"] else _publish_nothing
        self._cameras = [
            CameraMarkers(
                self,
                name,
                marker_size(values),
                SpeedLimit(speed_limit_m_s(values)),
                publish_frames,
            )
            for name in camera_names(values["cameras"])
        ]

    def start(self) -> bool:
        """Begin to work; always possible."""
        name_unknown_parameters(self)
        return True

    @property
    def exit_code(self) -> int | None:
        """None: it works until it is told to end."""
        return None

    def shut_down(self) -> None:
        """Delete the markers."""
        for camera in self._cameras:
            camera.clear()


def _frames_publisher(node: Node) -> PublishFrames:
    """What publishes positions as frames; nothing where tf2_msgs is not installed."""
    try:
        from tf2_msgs.msg import TFMessage
    except ImportError:
        node.get_logger().warning(
            "publish_tf is set, but tf2_msgs is not installed: no frames are published. It comes "
            "with ROS (rosdep install), not with the wheels of PyPI"
        )
        return _publish_nothing
    publisher = node.create_publisher(TFMessage, TF_TOPIC, TF_DEPTH)

    def publish(positions: Mapping[str, Position], header: Header) -> None:
        if positions and header.frame_id:
            publisher.publish(
                TFMessage(
                    transforms=[
                        face_transform(person_id, position, header)
                        for person_id, position in positions.items()
                    ]
                )
            )

    return publish


def _publish_nothing(positions: Mapping[str, Position], header: Header) -> None:
    pass


def main(args: list[str] | None = None) -> int:
    """Run the node; the exit code is that of run_node."""
    return run_node(_make_node, args)


def _make_node() -> ProcessNode:
    node: ProcessNode = MarkersNode()
    return node


if __name__ == "__main__":
    sys.exit(main())
