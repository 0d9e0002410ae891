"""The pictures that a camera's images become, drawn beside the work on the next ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from ...messages.image_encoding import JPEG_QUALITY, compressed_image_message, image_message
from ...perception.people import PeopleInView, Person
from ...visualization.attention import attention_panel
from ...visualization.face_blur import blur_faces
from ...visualization.overlay import draw_people
from ..common import topics
from ..common.managed_node import ManagedNode
from .publishing_gate import PublishingGate
from .topic_output import TopicOutput

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


@dataclass(frozen=True)
class PictureSettings:
    """How pictures are published.

    Attributes:
        jpeg_quality: Of the compressed ones, 1 to 100.
        blurs_faces: Whether faces are made unrecognizable.
    """

    jpeg_quality: int = JPEG_QUALITY
    blurs_faces: bool = False


class PictureOutput:
    """A picture of one camera on two topics: as it is, and as a jpeg below it.

    It is drawn once, while somebody subscribes to either.

    Args:
        node: The publishers'.
        topic: Where it is published as it is.
        compressed_topic: What is published below that, wherever it is remapped to.
        draw: Makes the picture of an image and the people in it.
    """

    def __init__(
        self,
        node: ManagedNode,
        topic: topics.TopicSpec,
        compressed_topic: topics.TopicSpec,
        draw: Callable[[BgrImage, tuple[Person, ...]], BgrImage],
    ) -> None:
        self._draw = draw
        self._raw = TopicOutput(node, topic)
        compressed_name = f"{node.resolve_topic_name(topic.name)}/compressed"
        self._compressed = TopicOutput(node, replace(compressed_topic, name=compressed_name))

    @property
    def is_wanted(self) -> bool:
        """Whether somebody subscribes to either topic."""
        return self._raw.is_wanted or self._compressed.is_wanted

    def publish(
        self, image_bgr: BgrImage, drawable: Drawable, gate: PublishingGate, jpeg_quality: int
    ) -> None:
        """Draw and publish a picture; it comes too late where the gate is closed by then.

        Args:
            image_bgr: What is drawn on.
            drawable: Whom to draw, and the image's header.
            gate: What is published goes through it.
            jpeg_quality: Of the compressed picture, 1 to 100.
        """
        picture = self._draw(image_bgr, drawable.view.people)
        if self._raw.is_wanted:
            raw = image_message(picture, drawable.header)
            gate.run(lambda: self._raw.send(raw))
        if self._compressed.is_wanted:
            jpeg = compressed_image_message(picture, drawable.header, jpeg_quality)
            gate.run(lambda: self._compressed.send(jpeg))

    def destroy(self) -> None:
        """Take the topics off the graph."""
        self._raw.destroy()
        self._compressed.destroy()


class PicturesOutput:
    """The pictures `annotated_image` and `attention_image` of one camera.

    Args:
        node: The publishers'.
        camera: The camera's name; empty: the only one.

    Attributes:
        settings: How they are published; may be replaced from any thread.
    """

    def __init__(self, node: ManagedNode, camera: str) -> None:
        self.settings = PictureSettings()
        self._outputs = tuple(
            PictureOutput(node, raw.of_camera(camera), compressed.of_camera(camera), draw)
            for raw, compressed, draw in (
                (topics.ANNOTATED_IMAGE, topics.ANNOTATED_IMAGE_COMPRESSED, draw_people),
                (topics.ATTENTION_IMAGE, topics.ATTENTION_IMAGE_COMPRESSED, attention_panel),
            )
        )

    @property
    def is_wanted(self) -> bool:
        """Whether somebody subscribes to any of them."""
        return any(output.is_wanted for output in self._outputs)

    def publish(self, drawable: Drawable, gate: PublishingGate) -> None:
        """Draw and publish those that somebody subscribes to."""
        settings = self.settings
        image_bgr = drawable.image_bgr
        if settings.blurs_faces:
            image_bgr = blur_faces(image_bgr, drawable.view.faces)
        for output in self._outputs:
            if output.is_wanted:
                output.publish(image_bgr, drawable, gate, settings.jpeg_quality)

    def destroy(self) -> None:
        """Take the topics off the graph."""
        for output in self._outputs:
            output.destroy()
