"""A topic of one camera, as all outputs have it."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecyclePublisher

from ..common.managed_node import ManagedNode
from ..common.topics import TopicSpec


class TopicOutput:
    """A topic on which the node publishes while it is active.

    Args:
        node: The publisher's.
        topic: What is published, and where.
    """

    def __init__(self, node: ManagedNode, topic: TopicSpec) -> None:
        self._node = node
        self._publisher: LifecyclePublisher = node.create_output(topic)

    @property
    def is_wanted(self) -> bool:
        """Whether somebody subscribes."""
        return bool(self._publisher.get_subscription_count() > 0)

    def send(self, message: Any) -> None:
        """Publish a message of the topic's type."""
        self._publisher.publish(message)

    def destroy(self) -> None:
        """Take the topic off the graph."""
        self._node.destroy_lifecycle_publisher(self._publisher)
