"""What one camera's topics bring to the viewers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.subscription import Subscription

from glamor_ros.msg import AttentionMapArray, PersonEmotionArray

from ...messages.image_decoding import ImageDecoder, ImageDecodingError
from ..common import topics
from ..common.throttled_log import ThrottledLog
from ..input.image_subscription import ImageMessage, ImageSubscription, image_topic
from ..input.waiting_images import stamp_ns
from .arrival_statistics import ArrivalStatistics
from .frame_matching import FrameMatcher
from .hub import Hub, Picture, Text
from .page_messages import (
    attention_text,
    camera_status,
    people_text,
    picture_bytes,
)
from .picture_encoding import jpeg_of
from .rate_limit import RateLimit

STATISTICS_WINDOW_S = 5.0
# As long as the page takes to say that no messages come.
PEOPLE_TIMEOUT_S = 3.0
# Attention wanders slowly, and each map is a message to each of its viewers.
MAX_ATTENTION_RATE_HZ = 10.0
# Of frames that wait for their people: more than 2 s of a camera of 640x480 at 30 Hz.
MAX_WAITING_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class PictureSettings:
    """How a camera's pictures are taken and sent; see DASHBOARD_PARAMETERS."""

    transport: str
    reliability: str
    max_rate_hz: float
    max_width_px: int
    jpeg_quality: int


class CameraFeed:
    """The subscriptions of one camera, as far as viewers look at what they bring.

    People are subscribed to always, images and attention maps while somebody looks at them.

    Args:
        node: Whose subscriptions they are.
        name: The camera's; empty: the only one.
        number: Its place in the welcome's cameras.
        settings: Of its pictures.
        hub: Gets what comes.
        clock: Seconds that never run back.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        number: int,
        settings: PictureSettings,
        hub: Hub,
        clock: Callable[[], float],
    ) -> None:
        self.name = name
        self._node = node
        self._number = number
        self._image_name = topics.IMAGE.of_camera(name).name
        self._settings = settings
        self._hub = hub
        self._clock = clock
        self._decoder = ImageDecoder()
        self._complain = ThrottledLog(node.get_logger().warning, 10.0)
        self._matcher: FrameMatcher[ImageMessage] = FrameMatcher(
            MAX_WAITING_BYTES, PEOPLE_TIMEOUT_S, clock
        )
        self._people = ArrivalStatistics(STATISTICS_WINDOW_S, clock)
        self._images: ArrivalStatistics | None = None
        self._picture_limit = RateLimit(settings.max_rate_hz, clock)
        self._attention_limit = RateLimit(MAX_ATTENTION_RATE_HZ, clock)
        self._image_subscription: ImageSubscription | None = None
        self._attention_subscription: Subscription | None = None
        self._subscribe(topics.EMOTIONS.of_camera(name), self._on_people)

    def follow_viewers(self) -> None:
        """Subscribe to what viewers look at now, and to nothing else."""
        is_watched, is_attended = self.name in self._hub.watched, self.name in self._hub.attended
        if is_watched and self._image_subscription is None:
            topic = image_topic(self._node, self._image_name, self._settings.transport)
            self._images = ArrivalStatistics(STATISTICS_WINDOW_S, self._clock)
            self._image_subscription = ImageSubscription(
                self._node, topic, self._settings.reliability, self._on_image
            )
        elif not is_watched and self._image_subscription is not None:
            self._image_subscription.destroy()
            self._image_subscription = self._images = None
            self._matcher.clear()
        if is_attended and self._attention_subscription is None:
            self._attention_subscription = self._subscribe(
                topics.ATTENTION.of_camera(self.name), self._on_attention
            )
        elif not is_attended and self._attention_subscription is not None:
            self._node.destroy_subscription(self._attention_subscription)
            self._attention_subscription = None

    def supervise(self) -> None:
        """Follow the publishers of the images; to be called now and then."""
        if self._image_subscription is not None:
            self._image_subscription.follow_publishers()

    def status(self) -> dict[str, Any]:
        """The camera's part of the status."""
        images = None if self._images is None else self._images.summary()
        return camera_status(self._people.summary(), images)

    def _on_people(self, message: PersonEmotionArray) -> None:
        self._people.add(message.latency)
        if self._hub.viewer_count == 0:
            return
        people = Text("people", self.name, people_text(self.name, message))
        stamp = stamp_ns(message.header.stamp)
        frame = self._matcher.add_people(stamp)
        if frame is not None and self._picture_limit.admits():
            self._hub.publish(people, self._picture(stamp, frame))
        else:
            self._hub.publish(people)

    def _on_attention(self, message: AttentionMapArray) -> None:
        if self._attention_limit.admits():
            text = attention_text(self.name, message)
            self._hub.publish(Text("attention", self.name, text, is_attention=True))

    def _on_image(self, message: ImageMessage) -> None:
        # One may still come after the subscription was given up.
        if self._images is None:
            return
        self._images.add()
        stamp = stamp_ns(message.header.stamp)
        frame = self._matcher.add_frame(stamp, message, len(message.data))
        if frame is not None and self._picture_limit.admits():
            self._hub.publish(self._picture(stamp, frame))

    def _picture(self, stamp: int, frame: ImageMessage) -> Picture:
        return Picture(self.name, partial(self._encode, stamp, frame))

    def _encode(self, stamp: int, frame: ImageMessage) -> bytes | None:
        try:
            jpeg = jpeg_of(
                frame,
                self._decoder,
                max_width_px=self._settings.max_width_px,
                quality=self._settings.jpeg_quality,
            )
        except ImageDecodingError as error:
            self._complain(f"an image on {self._image_name} cannot be shown: {error}")
            return None
        return picture_bytes(self._number, stamp, jpeg)

    def _subscribe(self, topic: topics.TopicSpec, callback: Callable[[Any], None]) -> Subscription:
        return self._node.create_subscription(
            topic.message_type, topic.name, callback, topic.publisher_qos()
        )
