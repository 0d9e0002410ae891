"""From a depth image's message to perception's depth image."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import Image

from ..errors import GlamorError
from ..perception.head_position import DepthImage

# The encodings of REP-118, with the unit of their values in metres.
_ENCODINGS = {"16UC1": ("u2", 0.001), "mono16": ("u2", 0.001), "32FC1": ("f4", 1.0)}


class DepthImageError(GlamorError, ValueError):
    """A depth image that cannot be read."""


def depth_image(message: Image) -> DepthImage:
    """The depth image of a message; it shares the message's memory.

    Raises:
        DepthImageError: The encoding is none of depth, or there is less data than the message says.
    """
    if message.encoding not in _ENCODINGS:
        raise DepthImageError(
            f"depth images of the encoding '{message.encoding}' cannot be read; it must be 16UC1 "
            "(millimetres) or 32FC1 (metres)"
        )
    code, unit_m = _ENCODINGS[message.encoding]
    dtype = np.dtype(code).newbyteorder(">" if message.is_bigendian else "<")
    row_bytes = message.width * dtype.itemsize
    step = message.step or row_bytes
    if (
        message.width == 0
        or message.height == 0
        or step < row_bytes
        or len(message.data) < step * (message.height - 1) + row_bytes
    ):
        raise DepthImageError(
            f"a depth image of {message.width}x{message.height} pixels ({message.encoding}) with "
            f"rows of {message.step} bytes cannot have {len(message.data)} bytes of data"
        )
    values: np.ndarray = np.ndarray(
        (message.height, message.width), dtype, message.data, strides=(step, dtype.itemsize)
    )
    return DepthImage(values, unit_m)
