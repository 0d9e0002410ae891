"""Says why no images, or other messages, come."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence

from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

from .image_subscription import ImageSubscription, ImageTopic

REPEAT_INTERVAL_S = 30.0
# A publisher is discovered before its first image comes: what was found must last to be told.
SETTLING_S = 2.0
MAX_SUGGESTIONS = 5
_EMOTION_TYPE = "glamor_ros/msg/PersonEmotionArray"
_CAMERA_WORDS = ("image_raw", "image_color", "image_rect", "image_mono", "rgb", "color", "camera")
_OTHER_WORDS = ("depth", "mask", "segment", "annotated", "overlay", "attention", "debug", "result")
# What rmw says of an endpoint that is discovered before the node that it belongs to.
UNKNOWN_NODE_NAME = "_NODE_NAME_UNKNOWN_"


class ImageWatchdog:
    """A topic's watchdog, which notices that images stay away, and that they are back.

    To be used from one thread.

    Args:
        topic_name: Where the images are to come from.
        what: What comes there, in the log's words.
        explain: Gives what is found to be the cause.
        warn: Writes a warning to the log.
        tell: Writes a line to the log.
        clock: A steady clock, in seconds.
    """

    def __init__(
        self,
        topic_name: str,
        *,
        what: str = "images",
        explain: Callable[[], str],
        warn: Callable[[str], object],
        tell: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._topic_name = topic_name
        self._what = what
        self._explain = explain
        self._warn = warn
        self._tell = tell
        self._clock = clock
        self._arrived_at_s = clock()
        self._has_seen_image = False
        self._found: tuple[str, float] | None = None
        self._told: tuple[str, float] | None = None

    def image_arrived(self) -> None:
        """Take note of an image; to be called for every one."""
        now_s = self._clock()
        if not self._has_seen_image:
            self._tell(f"{self._what} come on {self._topic_name}")
        elif self._told is not None:
            silent_s = now_s - self._arrived_at_s
            self._tell(
                f"{self._what} come on {self._topic_name} again, after {silent_s:.1f} s without"
            )
        self._has_seen_image = True
        self._found = self._told = None
        self._arrived_at_s = now_s

    def check(self, timeout_s: float) -> None:
        """Speak up after timeout_s without an image; to be called now and then.

        An explanation is told once it has lasted for SETTLING_S, and again every REPEAT_INTERVAL_S.

        Args:
            timeout_s: 0: never speak up.
        """
        now_s = self._clock()
        silent_s = now_s - self._arrived_at_s
        settling_s = min(SETTLING_S, timeout_s)
        if timeout_s <= 0 or silent_s < timeout_s - settling_s:
            return
        explanation = self._explain()
        if self._found is None or self._found[0] != explanation:
            self._found = (explanation, now_s)
        if silent_s < timeout_s or now_s - self._found[1] < settling_s:
            return
        if (
            self._told is not None
            and self._told[0] == explanation
            and now_s - self._told[1] < REPEAT_INTERVAL_S
        ):
            return
        self._told = (explanation, now_s)
        which = "no more" if self._has_seen_image else "no"
        self._warn(
            f"{which} {self._what} on {self._topic_name} for {silent_s:.1f} s: {explanation}"
        )


def explain_silence(node: Node, subscription: ImageSubscription) -> str:
    """Why a subscription gets nothing, from what the ROS graph knows."""
    types = dict(node.get_topic_names_and_types())
    emotion_nodes = {
        _node_of(publisher)
        for name, type_names in types.items()
        if _EMOTION_TYPE in type_names
        for publisher in node.get_publishers_info_by_topic(name)
    }
    others = [
        name
        for name, type_names in types.items()
        if subscription.topic.type_name in type_names
        and name != subscription.topic.name
        and not {_node_of(p) for p in node.get_publishers_info_by_topic(name)} <= emotion_nodes
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
    """What keeps images from a subscription, in a sentence that says what to do.

    Args:
        topic: What is subscribed to.
        reliability: "reliable" or "best_effort", as the subscription is.
        publishers: Everybody who publishes on the topic.
        topic_types: The types of all topics, by their names.
        others: Other topics with images of the right type that may be a camera's.
    """
    if not publishers:
        return "nobody publishes there. " + _suggestion(topic, topic_types, others)
    listed = "; ".join(_described(publisher) for publisher in publishers)
    fitting = [p for p in publishers if p.topic_type == topic.type_name]
    if not fitting:
        return (
            f"its publishers send another type than {topic.type_name}: {listed}. "
            f"Remap `{topic.remapped_name}`, or set image_transport"
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
    closest = sorted(others, key=lambda name: _unlikeness(name, topic.name))[:MAX_SUGGESTIONS]
    return (
        f"Topics of the type {topic.type_name}: {', '.join(closest)}. Remap one: "
        f"--ros-args -r {topic.remapped_name}:={closest[0].removesuffix('/compressed')}"
    )


def _unlikeness(name: str, wanted: str) -> tuple[bool, bool, float]:
    """Orders topics: those named like cameras first, then by how they resemble the one wanted."""
    return (
        any(word in name for word in _OTHER_WORDS),
        not any(word in name for word in _CAMERA_WORDS),
        -difflib.SequenceMatcher(None, name, wanted).ratio(),
    )
