"""What recordings hold, whatever their storage: topics, messages, and what is missing of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import GlamorError


class BagError(GlamorError, ValueError):
    """A recording that cannot be read or written; the message names it and says why."""


@dataclass(frozen=True)
class Topic:
    """One topic as it was recorded; whatever is not known is empty.

    Attributes:
        name: The topic's full name.
        type_name: The type of its messages, such as `sensor_msgs/msg/Image`.
        definition: The definition of that type with all that it is made of.
        definition_encoding: The language of the definition: `ros2msg` or `ros2idl`.
        serialization_format: How messages are serialized; ROS 2's own is `cdr`.
        qos_profiles: The QoS profiles of its publishers in YAML, as the recorder wrote them.
        type_hash: The type's hash (REP-2016), `RIHS01_…`.
    """

    name: str
    type_name: str
    definition: str = ""
    definition_encoding: str = ""
    serialization_format: str = "cdr"
    qos_profiles: str = ""
    type_hash: str = ""


@dataclass(frozen=True)
class RecordedMessage:
    """One message of a recording.

    Attributes:
        topic: The topic that it came on.
        log_time_ns: When it was recorded.
        publish_time_ns: When it was published; the same where the storage does not know it.
        data: The message as it was sent, not decoded.
        sequence: The publisher's count; 0: not known.
    """

    topic: Topic
    log_time_ns: int
    publish_time_ns: int
    data: bytes
    sequence: int = 0


@dataclass(frozen=True)
class Loss:
    """Something of a recording that cannot be read.

    Attributes:
        what: The place and the cause, in words.
        messages: How many messages that are; None where nobody can know.
        start_ns: The log time at which the gap begins; None: not known.
        end_ns: The log time at which it ends; None: not known.
    """

    what: str
    messages: int | None = None
    start_ns: int | None = None
    end_ns: int | None = None


def unique_topics(topics: Iterable[Topic]) -> tuple[Topic, ...]:
    """The topics without repetition, in order of their first appearance.

    The parts of a recording repeat each other's topics; one that says less of the same topic, as a
    `metadata.yaml` without definitions does, is left out.
    """
    known: dict[tuple[str, str, str], Topic] = {}
    for topic in topics:
        key = topic.name, topic.type_name, topic.qos_profiles
        if key not in known or (topic.definition and not known[key].definition):
            known[key] = topic
    return tuple(known.values())
