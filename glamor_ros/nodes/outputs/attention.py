"""Where in the scene the network looked."""

from __future__ import annotations

from std_msgs.msg import Header

from ...messages.people_messages import attention_message
from ...perception.people import PeopleInView
from ..common import topics
from ..common.managed_node import ManagedNode


class AttentionOutput:
    """The topic `attention` of one camera, of which messages are made while somebody subscribes.

    Args:
        node: The publisher's.
        camera: The camera's name; empty: the only one.
    """

    def __init__(self, node: ManagedNode, camera: str) -> None:
        self._node = node
        self._publisher = node.create_output(topics.ATTENTION.of_camera(camera))

    def publish(self, view: PeopleInView, header: Header) -> None:
        """Publish the attention maps of the people in an image."""
        if self._publisher.get_subscription_count() > 0:
            self._publisher.publish(attention_message(view, header))

    def destroy(self) -> None:
        """Take the topic off the graph."""
        self._node.destroy_lifecycle_publisher(self._publisher)
