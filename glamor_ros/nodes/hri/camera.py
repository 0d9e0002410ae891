"""One camera's people, and their pictures while somebody wants them."""

from __future__ import annotations

import time

from rclpy.node import Node

from glamor_ros.msg import PersonEmotionArray

from ...messages.image_decoding import ImageDecoder, ImageDecodingError
from ..common import topics
from ..common.throttled_log import ThrottledLog
from ..input.image_subscription import ImageMessage, ImageSubscription, image_topic
from ..input.waiting_images import WaitingImages, stamp_ns
from .faces import PublishedFaces

MAX_WAITING_BYTES = 64 * 1024 * 1024
LOG_INTERVAL_S = 10.0


class CameraPeople:
    """The subscriptions to one camera's `emotions` and, for cropped faces, its images.

    Args:
        node: Whose subscriptions they are.
        name: The camera's; empty: the only one.
        faces: Where its people are shown.
        transport: Of its images; one of image_subscription.TRANSPORTS.
        reliability: Of the subscription to them; one of image_subscription.RELIABILITIES.
        max_silence_s: After so long without a message its faces are gone.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        faces: PublishedFaces,
        *,
        transport: str,
        reliability: str,
        max_silence_s: float,
    ) -> None:
        self._node = node
        self._name = name
        self._faces = faces
        self._reliability = reliability
        self._max_silence_s = max_silence_s
        self._image_topic = image_topic(node, topics.IMAGE.of_camera(name).name, transport)
        self._images: ImageSubscription | None = None
        self._waiting: WaitingImages[ImageMessage] = WaitingImages(MAX_WAITING_BYTES)
        self._people: PersonEmotionArray | None = None
        self._came_at_s = time.monotonic()
        self._decoder = ImageDecoder()
        logger = node.get_logger()
        self._complain = ThrottledLog(lambda line: logger.warning(line), LOG_INTERVAL_S)
        emotions = topics.EMOTIONS.of_camera(name)
        node.create_subscription(
            emotions.message_type, emotions.name, self._on_people, emotions.publisher_qos()
        )

    def supervise(self) -> None:
        """Notice silence, and follow whoever wants pictures; to be called now and then."""
        if time.monotonic() - self._came_at_s > self._max_silence_s:
            self._faces.drop(self._name)
        self._follow_subscribers()
        if self._images is not None:
            self._images.follow_publishers()

    def _on_people(self, message: PersonEmotionArray) -> None:
        self._came_at_s = time.monotonic()
        self._faces.update(self._name, message)
        self._follow_subscribers()
        if self._images is None:
            return
        self._people = message
        stamp = stamp_ns(message.header.stamp)
        if self._waiting.nearest(stamp) == stamp:
            image, _ = self._waiting.take(stamp)
            self._publish_cropped(image)

    def _on_image(self, message: ImageMessage) -> None:
        # One may still come after the subscription was given up.
        if self._images is None:
            return
        if self._people is not None and message.header.stamp == self._people.header.stamp:
            self._publish_cropped(message)
        else:
            self._waiting.add(stamp_ns(message.header.stamp), message, len(message.data))

    def _publish_cropped(self, image: ImageMessage) -> None:
        people, self._people = self._people, None
        assert people is not None
        try:
            image_bgr = self._decoder.decode(image)
        except ImageDecodingError as error:
            self._complain(f"no faces can be cut out of {self._image_topic.name}: {error}")
            return
        self._faces.publish_cropped(self._name, people, image_bgr)

    def _follow_subscribers(self) -> None:
        is_wanted = self._faces.wants_cropped(self._name)
        if is_wanted and self._images is None:
            self._images = ImageSubscription(
                self._node, self._image_topic, self._reliability, self._on_image
            )
        elif not is_wanted and self._images is not None:
            self._images.destroy()
            self._images = self._people = None
            self._waiting.clear()
