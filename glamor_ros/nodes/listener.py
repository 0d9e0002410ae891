"""Subscribes to what emotion_node publishes. The only module of the commands that needs ROS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from ..messages.image_decoding import ImageDecoder
from .common import topics


class Listener(Protocol):
    """What takes the messages."""

    def emotions(self, message: Any) -> None:
        """A PersonEmotionArray."""
        ...

    def attention(self, message: Any) -> None:
        """An AttentionMapArray."""
        ...

    def annotated_image(self, image_bgr: NDArray[np.uint8], stamp_s: float) -> None:
        """A decoded annotated_image and its header's stamp."""
        ...

    def attention_image(self, image_bgr: NDArray[np.uint8], stamp_s: float) -> None:
        """A decoded attention_image and its header's stamp."""
        ...


class ListeningNode:
    """Gives messages to a listener while `spin` runs."""

    def __init__(self, listener: Listener, node: Node, executor: SingleThreadedExecutor) -> None:
        self._executor = executor
        for topic, callback in (
            (topics.EMOTIONS, listener.emotions),
            (topics.ATTENTION, listener.attention),
            (topics.ANNOTATED_IMAGE, _decoding(listener.annotated_image)),
            (topics.ATTENTION_IMAGE, _decoding(listener.attention_image)),
        ):
            node.create_subscription(
                topic.message_type, topic.name, callback, topic.publisher_qos()
            )

    def spin(self, timeout_s: float) -> None:
        """Handle a message; return after so long if there is none."""
        self._executor.spin_once(timeout_sec=timeout_s)


@contextmanager
def listening(listener: Listener) -> Iterator[ListeningNode]:
    """A node of its own. Signals are left to the caller."""
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = rclpy.create_node("demo", start_parameter_services=False)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        try:
            yield ListeningNode(listener, node, executor)
        finally:
            executor.shutdown()
            node.destroy_node()
    finally:
        rclpy.try_shutdown()


def _decoding(take: Any) -> Any:
    decoder = ImageDecoder()

    def decode(message: Any) -> None:
        stamp = message.header.stamp
        take(decoder.decode(message), stamp.sec + stamp.nanosec * 1e-9)

    return decode
