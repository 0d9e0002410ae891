"""The people in view with their emotions."""

from __future__ import annotations

from std_msgs.msg import Header

from ...messages.people_messages import people_message
from ...perception.people import PeopleInView
from ..common import topics
from ..common.managed_node import ManagedNode
from .topic_output import TopicOutput


class EmotionsOutput(TopicOutput):
    """The topic `emotions` of one camera.

    Args:
        node: The publisher's.
        camera: The camera's name; empty: the only one.
    """

    def __init__(self, node: ManagedNode, camera: str) -> None:
        super().__init__(node, topics.EMOTIONS.of_camera(camera))

    def publish(self, view: PeopleInView, header: Header, latency_s: float) -> None:
        """Publish the people in an image, also where there is nobody.

        Args:
            view: The people.
            header: The image's.
            latency_s: From the image's stamp to now; NaN: not known.
        """
        self.send(people_message(view, header, latency_s))
