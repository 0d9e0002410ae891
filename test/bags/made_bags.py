"""Recordings made for the tests, by rosbags' writer and not by the package's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header, String

from glamor_ros.messages.image_encoding import compressed_image_message, image_message

START_NS = 1_700_000_000_000_000_000
FRAME_NS = 33_000_000
TYPES = get_typestore(Stores.ROS2_JAZZY)
SENSOR_QOS = Qos(
    QosHistory.KEEP_LAST,
    5,
    QosReliability.BEST_EFFORT,
    QosDurability.VOLATILE,
    QosTime(2147483647, 4294967295),
    QosTime(2147483647, 4294967295),
    QosLiveliness.AUTOMATIC,
    QosTime(2147483647, 4294967295),
    False,
)


@dataclass(frozen=True)
class Sent:
    """A message of a made recording."""

    topic: str
    message: Any
    time_ns: int

    @property
    def data(self) -> bytes:
        return serialize_message(self.message)


def write_bag(
    path: Path,
    sent: Sequence[Sent],
    *,
    storage: StoragePlugin = StoragePlugin.MCAP,
    compression: CompressionMode = CompressionMode.NONE,
    version: Literal[8, 9] = 9,
    topics: Sequence[tuple[str, type[Any]]] = (),
) -> None:
    """Write messages, and the topics given also where nothing is sent on them."""
    writer = Writer(path, version=version, storage_plugin=storage)
    writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        types = {**dict(topics), **{one.topic: type(one.message) for one in sent}}
        connections = {
            name: writer.add_connection(
                name,
                f"{message_type.__module__.split('.')[0]}/msg/{message_type.__name__}",
                typestore=TYPES,
                offered_qos_profiles=[SENSOR_QOS],
            )
            for name, message_type in types.items()
        }
        for one in sent:
            writer.write(connections[one.topic], one.time_ns, one.data)


def content(path: Path, *, without: Sequence[str] = ()) -> list[tuple[str, int, bytes]]:
    """Topic, log time and bytes of all messages, as rosbags reads them."""
    with Reader(path) as reader:
        return [
            (connection.topic, time_ns, bytes(data))
            for connection, time_ns, data in reader.messages()
            if connection.topic not in without
        ]


def header(index: int, frame_id: str = "camera") -> Header:
    time_ns = START_NS - 5_000_000 + index * FRAME_NS
    return Header(stamp=Time(sec=time_ns // 10**9, nanosec=time_ns % 10**9), frame_id=frame_id)


def shifted(picture: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
    """The picture as a camera sees it that turns to the left."""
    return np.ascontiguousarray(np.roll(picture, 3 * index, axis=1))


def raw(picture: NDArray[np.uint8], index: int, encoding: str = "bgr8") -> Image:
    return image_message(shifted(picture, index), header(index), encoding)


def jpeg(picture: NDArray[np.uint8], index: int) -> CompressedImage:
    return compressed_image_message(shifted(picture, index), header(index))


def camera_and_words(
    picture: NDArray[np.uint8], frames: int, topic: str = "/front/image_raw"
) -> Iterator[Sent]:
    """A camera's images with a text after each."""
    for index in range(frames):
        time_ns = START_NS + index * FRAME_NS
        yield Sent(topic, raw(picture, index), time_ns)
        yield Sent("/words", String(data=f"word {index}"), time_ns + 1000)


def words(count: int, length: int = 1000) -> list[Sent]:
    """Texts that no compression makes small."""
    random = np.random.default_rng(0)
    return [
        Sent("/words", String(data=random.bytes(length // 2).hex()), START_NS + index * FRAME_NS)
        for index in range(count)
    ]


def small_picture(images_dir: Path) -> NDArray[np.uint8]:
    """Two people in 640x360 pixels."""
    picture = cv2.imread(str(images_dir / "two_people.png"))
    return np.asarray(cv2.resize(picture, (640, 360), interpolation=cv2.INTER_AREA), np.uint8)
