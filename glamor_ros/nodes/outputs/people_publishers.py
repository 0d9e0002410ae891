"""What the node says of one processed image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos_overriding_options import QoSOverridingOptions
from std_msgs.msg import Header

from ...messages.image_encoding import image_message
from ...messages.people_messages import attention_message, people_message
from ...perception.people import PeopleInView
from ...visualization.attention import attention_panel
from ...visualization.overlay import draw_people
from ..common import topics


class PeoplePublishers:
    """The outputs of one camera. Nothing is published while the node is not active."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._emotions = self._create(topics.EMOTIONS)
        self._attention = self._create(topics.ATTENTION)
        self._attention_image = self._create(topics.ATTENTION_IMAGE)
        self._annotated_image = self._create(topics.ANNOTATED_IMAGE)

    def publish(
        self, view: PeopleInView, image_bgr: NDArray[np.uint8], header: Header, latency_s: float
    ) -> None:
        """The messages first, then the pictures that somebody waits for."""
        self._emotions.publish(people_message(view, header, latency_s))
        self._attention.publish(attention_message(view, header))
        if _has_subscriber(self._annotated_image):
            annotated = draw_people(image_bgr, view.people)
            self._annotated_image.publish(image_message(annotated, header))
        if _has_subscriber(self._attention_image):
            panel = attention_panel(image_bgr, view.people)
            self._attention_image.publish(image_message(panel, header))

    def destroy(self) -> None:
        """Take the topics off the graph."""
        for publisher in (
            self._emotions,
            self._attention,
            self._attention_image,
            self._annotated_image,
        ):
            self._node.destroy_lifecycle_publisher(publisher)

    def _create(self, topic: topics.TopicSpec) -> LifecyclePublisher:
        return self._node.create_lifecycle_publisher(
            topic.message_type,
            topic.name,
            topic.publisher_qos(),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )


def _has_subscriber(publisher: LifecyclePublisher) -> bool:
    return bool(publisher.get_subscription_count() > 0)
