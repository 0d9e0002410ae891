"""The pictures that a camera's images become, drawn beside the work on the next ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecyclePublisher
from std_msgs.msg import Header

from ...messages.image_encoding import image_message
from ...perception.people import PeopleInView, Person
from ...visualization.attention import attention_panel
from ...visualization.overlay import draw_people
from ..common import topics
from ..common.managed_node import ManagedNode
from .publishing_gate import PublishingGate

BgrImage = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Drawable:
    """What the pictures of one image are drawn from.

    Attributes:
        image_bgr: The image.
        view: The people in it.
        header: The image's.
    """

    image_bgr: BgrImage
    view: PeopleInView
    header: Header


class PictureOutput:
    """A topic of pictures of one camera, which are drawn while somebody subscribes."""

    def __init__(
        self,
        node: ManagedNode,
        topic: topics.TopicSpec,
        draw: Callable[[BgrImage, tuple[Person, ...]], BgrImage],
    ) -> None:
        self._node = node
        self._draw = draw
        self._publisher: LifecyclePublisher = node.create_output(topic)

    @property
    def is_wanted(self) -> bool:
        """Whether somebody subscribes."""
        return bool(self._publisher.get_subscription_count() > 0)

    def publish(self, drawable: Drawable, gate: PublishingGate) -> None:
        """Draw and publish a picture; it comes too late where the gate is closed by then."""
        picture = self._draw(drawable.image_bgr, drawable.view.people)
        message = image_message(picture, drawable.header)
        gate.run(lambda: self._publisher.publish(message))

    def destroy(self) -> None:
        """Take the topic off the graph."""
        self._node.destroy_lifecycle_publisher(self._publisher)


class PicturesOutput:
    """The topics `annotated_image` and `attention_image` of one camera.

    Args:
        node: The publishers'.
        camera: The camera's name; empty: the only one.
    """

    def __init__(self, node: ManagedNode, camera: str) -> None:
        self._outputs = (
            PictureOutput(node, topics.ANNOTATED_IMAGE.of_camera(camera), draw_people),
            PictureOutput(node, topics.ATTENTION_IMAGE.of_camera(camera), attention_panel),
        )

    @property
    def is_wanted(self) -> bool:
        """Whether somebody subscribes to any of them."""
        return any(output.is_wanted for output in self._outputs)

    def publish(self, drawable: Drawable, gate: PublishingGate) -> None:
        """Draw and publish those that somebody subscribes to."""
        for output in self._outputs:
            if output.is_wanted:
                output.publish(drawable, gate)

    def destroy(self) -> None:
        """Take the topics off the graph."""
        for output in self._outputs:
            output.destroy()
