"""Where in the scene the network looked."""

from __future__ import annotations

from std_msgs.msg import Header

from ...messages.people_messages import attention_message
from ...perception.people import PeopleInView
from ..common import topics
from ..common.managed_node import ManagedNode
from .topic_output import TopicOutput


class AttentionOutput(TopicOutput):
    """The topic `attention` of one camera, of which messages are made while somebody subscribes.

    Args:
        node: The publisher's.
        camera: The camera's name; empty: the only one.
    """

    def __init__(self, node: ManagedNode, camera: str) -> None:
        super().__init__(node, topics.ATTENTION.of_camera(camera))

    def publish(self, view: PeopleInView, header: Header) -> None:
        """Publish the attention maps of the people in an image."""
        if self.is_wanted:
            self.send(attention_message(view, header))
