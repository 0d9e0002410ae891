"""ROS messages to and from the bytes of recordings (CDR, OMG DDS-XTypes), without a middleware."""

from __future__ import annotations

import array
from types import SimpleNamespace
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.base import TypesysError
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from ..messages.image_encoding import byte_array
from ..resources import PACKAGE, share_directory
from .records import BagError, Topic

IMAGE_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_IMAGE_TYPE = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO_TYPE = "sensor_msgs/msg/CameraInfo"
# rosbags lets some errors of damaged bytes through.
_DAMAGE = (SerdeError, IndexError, ValueError, AssertionError, MemoryError)
# How rosbag2 and Foxglove join the definitions of the types that a message is made of.
_DEFINITIONS_SEPARATOR = "=" * 80 + "\n"


class CdrCodec:
    """The message types of ROS 2 and of this package, as recordings hold them.

    Raises:
        ResourceNotFoundError: The package's own definitions are not installed.
    """

    def __init__(self) -> None:
        self._types = get_typestore(Stores.ROS2_JAZZY)
        self._own_definitions = {
            f"{PACKAGE}/msg/{path.stem}": path.read_text(encoding="utf-8")
            for path in sorted((share_directory() / "msg").glob("*.msg"))
        }
        own: dict[str, Any] = {}
        for name, text in self._own_definitions.items():
            own.update(get_types_from_msg(text, name))
        self._types.register(own)

    def topic(self, name: str, message_type: type[Any], qos_profiles: str) -> Topic:
        """A new topic of a message class, with the definition that makes it readable anywhere."""
        type_name = _type_name(message_type)
        return Topic(
            name=name,
            type_name=type_name,
            definition=self.definition(type_name),
            definition_encoding="ros2msg",
            qos_profiles=qos_profiles,
            type_hash=self._types.hash_rihs01(type_name),
        )

    def definition(self, type_name: str) -> str:
        """The definition of a type with all that it is made of; empty where it is not known.

        The package's own definitions keep their comments, which tell the units.
        """
        try:
            text, _ = self._types.generate_msgdef(type_name, ros_version=2)
        except TypesysError:
            return ""
        first, *others = text.split(_DEFINITIONS_SEPARATOR)
        parts = [self._own_definitions.get(type_name, first)]
        for part in others:
            title, _, body = part.partition("\n")
            package, _, name = title.removeprefix("MSG: ").partition("/")
            body = self._own_definitions.get(f"{package}/msg/{name}", body)
            parts.append(f"{title}\n{body}")
        return _DEFINITIONS_SEPARATOR.join(part.rstrip("\n") + "\n" for part in parts)

    def serialized(self, message: Any) -> bytes:
        """The bytes of a message, little-endian."""
        return bytes(
            self._types.serialize_cdr(
                _with_numpy_arrays(message), _type_name(type(message)), little_endian=True
            )
        )

    def image(self, data: bytes, type_name: str) -> Image | CompressedImage:
        """The image message of a recording.

        Args:
            data: The bytes.
            type_name: IMAGE_TYPE or COMPRESSED_IMAGE_TYPE.

        Raises:
            BagError: The bytes are none.
        """
        try:
            content: Any = self._types.deserialize_cdr(data, type_name)
            header = _header(content.header)
            if type_name == COMPRESSED_IMAGE_TYPE:
                return CompressedImage(
                    header=header, format=content.format, data=byte_array(content.data)
                )
            message = Image(
                header=header,
                height=content.height,
                width=content.width,
                encoding=content.encoding,
                is_bigendian=content.is_bigendian,
                step=content.step,
            )
            message.data = byte_array(content.data)
        except _DAMAGE as error:
            raise BagError(f"the message cannot be deserialized: {error}") from error
        return message

    def camera_info(self, data: bytes) -> CameraInfo:
        """The CameraInfo of a recording.

        Args:
            data: The bytes.

        Raises:
            BagError: The bytes are none.
        """
        try:
            content: Any = self._types.deserialize_cdr(data, CAMERA_INFO_TYPE)
            roi = content.roi
            return CameraInfo(
                header=_header(content.header),
                height=content.height,
                width=content.width,
                distortion_model=content.distortion_model,
                d=content.d.tolist(),
                k=content.k,
                r=content.r,
                p=content.p,
                binning_x=content.binning_x,
                binning_y=content.binning_y,
                roi=RegionOfInterest(
                    x_offset=roi.x_offset,
                    y_offset=roi.y_offset,
                    height=roi.height,
                    width=roi.width,
                    do_rectify=roi.do_rectify,
                ),
            )
        except _DAMAGE as error:
            raise BagError(f"the message cannot be deserialized: {error}") from error


def _header(content: Any) -> Header:
    stamp = content.stamp
    return Header(stamp=Time(sec=stamp.sec, nanosec=stamp.nanosec), frame_id=content.frame_id)


def _type_name(message_type: type[Any]) -> str:
    return f"{message_type.__module__.split('.')[0]}/msg/{message_type.__name__}"


def _with_numpy_arrays(value: Any) -> Any:
    """The message with NumPy arrays in place of array.array, as rosbags takes them."""
    if isinstance(value, array.array):
        return np.asarray(value)
    if isinstance(value, list):
        return [_with_numpy_arrays(item) for item in value]
    if hasattr(value, "get_fields_and_field_types"):
        names = value.get_fields_and_field_types()
        return SimpleNamespace(**{name: _with_numpy_arrays(getattr(value, name)) for name in names})
    return value
