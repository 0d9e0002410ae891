"""Says why no images come."""

from __future__ import annotations

import difflib
import math
import time
from collections.abc import Callable, Sequence

from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

from .image_subscription import ImageSubscription, ImageTopic

REPEAT_INTERVAL_S = 30.0
MAX_SUGGESTIONS = 5
# What rmw says of an endpoint that is discovered before the node that it belongs to.
UNKNOWN_NODE_NAME = "_NODE_NAME_UNKNOWN_"


class ImageWatchdog:
    """Notices that images stay away, and that they are back. To be used from one thread.

    explain: what is found to be the cause. warn, tell: write a log line.
    """

    def __init__(
        self,
        topic_name: str,
        *,
        explain: Callable[[], str],
        warn: Callable[[str], object],
        tell: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._topic_name = topic_name
        self._explain = explain
        self._warn = warn
        self._tell = tell
        self._clock = clock
        self._arrived_at_s = clock()
        self._warned_at_s = -math.inf
        self._last_explanation: str | None = None
        self._has_seen_image = False

    def image_arrived(self) -> None:
        """To be called for every image."""
        now_s = self._clock()
        if not self._has_seen_image:
            self._tell(f"images come on {self._topic_name}")
        elif self._last_explanation is not None:
            silent_s = now_s - self._arrived_at_s
            self._tell(f"images come on {self._topic_name} again, after {silent_s:.1f} s without")
        self._has_seen_image = True
        self._last_explanation = None
        self._arrived_at_s = now_s

    def check(self, timeout_s: float) -> None:
        """To be called now and then; speaks up after timeout_s without an image (0: never).

        Again where the explanation has changed, and every REPEAT_INTERVAL_S.
        """
        now_s = self._clock()
        silent_s = now_s - self._arrived_at_s
        if not 0 < timeout_s <= silent_s:
            return
        explanation = self._explain()
        is_new = explanation != self._last_explanation
        if not is_new and now_s - self._warned_at_s < REPEAT_INTERVAL_S:
            return
        self._warned_at_s, self._last_explanation = now_s, explanation
        which = "no more images" if self._has_seen_image else "no images"
        self._warn(f"{which} on {self._topic_name} for {silent_s:.1f} s: {explanation}")


def explain_silence(node: Node, subscription: ImageSubscription) -> str:
    """Why a subscription gets nothing, from what the ROS graph knows."""
    types = dict(node.get_topic_names_and_types())
    own = dict(node.get_publisher_names_and_types_by_node(node.get_name(), node.get_namespace()))
    others = [
        name
        for name, type_names in types.items()
        if subscription.topic.type_name in type_names
        and name not in own
        and name != subscription.topic.name
    ]
    return explanation(
        subscription.topic, subscription.reliability, subscription.publishers(), types, others
    )


def explanation(
    topic: ImageTopic,
    reliability: str,
    publishers: Sequence[TopicEndpointInfo],
    topic_types: dict[str, list[str]],
    others: Sequence[str],
) -> str:
    """others: the other topics with images of the right type, this node's own left out."""
    if not publishers:
        return "nobody publishes there. " + _suggestion(topic, topic_types, others)
    listed = "; ".join(_described(publisher) for publisher in publishers)
    fitting = [p for p in publishers if p.topic_type == topic.type_name]
    if not fitting:
        return (
            f"its publishers send another type than {topic.type_name}: {listed}. "
            "Remap `image`, or set image_transport"
        )
    if reliability == "reliable" and all(
        p.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for p in fitting
    ):
        return (
            f"this node asks for reliable, which its publishers do not offer: {listed}. "
            "Set image_reliability to auto or best_effort"
        )
    return f"its publishers send nothing that arrives here ({reliability} subscription): {listed}"


def _described(publisher: TopicEndpointInfo) -> str:
    profile = publisher.qos_profile
    return (
        f"{_node_of(publisher)} ({publisher.topic_type}, "
        f"{profile.reliability.name.lower()}, {profile.durability.name.lower()})"
    )


def _node_of(publisher: TopicEndpointInfo) -> str:
    if publisher.node_name == UNKNOWN_NODE_NAME:
        return "a node whose name has not arrived yet"
    return f"{publisher.node_namespace.rstrip('/')}/{publisher.node_name}"


def _suggestion(topic: ImageTopic, topic_types: dict[str, list[str]], others: Sequence[str]) -> str:
    other_transport = f"{topic.name}/compressed"
    if other_transport in topic_types:
        return f"There is {other_transport}: set image_transport to compressed"
    if topic.name.endswith("/compressed") and topic.name.removesuffix("/compressed") in topic_types:
        return f"There is {topic.name.removesuffix('/compressed')}: set image_transport to raw"
    if not others:
        return f"No topic has the type {topic.type_name}: is the camera's driver running?"
    closest = difflib.get_close_matches(topic.name, others, n=MAX_SUGGESTIONS, cutoff=0.0)
    return (
        f"Topics of the type {topic.type_name}: {', '.join(closest)}. Remap one: "
        f"--ros-args -r image:={closest[0].removesuffix('/compressed')}"
    )
