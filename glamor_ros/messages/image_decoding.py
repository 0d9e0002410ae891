"""From a camera's message to a BGR image."""

from __future__ import annotations

import sys
from typing import Any, Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from ..errors import GlamorError
from ..media.picture_formats import JPEG_START, PNG_START
from ..media.pictures import MAX_PIXELS, BgrImage, MediaError, decode_picture
from .pixel_layouts import ENCODINGS, PixelLayout

# The brightest value tells how many bits a sensor fills: many put 10, 12 or 14 into 16.
_SENSOR_BITS = (10, 12, 14, 16)
# Boxes are in pixels of the picture as sent, whatever its EXIF tags say of turning it.
_IMREAD_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION


class ImageDecodingError(GlamorError, ValueError):
    """An image message that cannot be read; the text says what is wrong with it."""


class RawConversion(Protocol):
    """Conversions to BGR that take the place of the package's own for some messages."""

    def converts(self, message: Image) -> bool:
        """Whether it can be used for a message, whose sizes have been found to be consistent."""
        ...

    def to_bgr(self, message: Image) -> BgrImage:
        """The image of such a message, (height, width, 3), uint8, BGR.

        Raises:
            ImageDecodingError: The conversion fails.
        """
        ...


class ImageDecoder:
    """What turns the messages of one camera into images; for one thread at a time.

    OpenCV does the conversions. 16-bit values are scaled to 8 bits by the depth of the sensor: the
    smallest of 10, 12, 14 and 16 bits that holds the brightest value so far. It is kept from frame
    to frame, and so belongs to one camera: a lamp that comes into view must not darken the scene
    for as long as it is there.

    Args:
        conversion: Used where it applies, in place of the package's own conversions.
        max_pixels: Larger compressed images are refused before they are decoded.
    """

    def __init__(
        self, conversion: RawConversion | None = None, *, max_pixels: int = MAX_PIXELS
    ) -> None:
        self._conversion = conversion
        self._max_pixels = max_pixels
        self._sensor_bits = _SENSOR_BITS[0]

    def decode(self, message: Image | CompressedImage) -> BgrImage:
        """The image of a message.

        Args:
            message: Of an encoding in ENCODINGS; `step` and `is_bigendian` are honoured. Or a jpeg
                or png, whose orientation tag is ignored.

        Returns:
            (height, width, 3), uint8, BGR. That of a `bgr8` message shares its memory.

        Raises:
            ImageDecodingError: The encoding is unknown, sizes contradict one another, or a
                compressed picture is damaged, truncated or too large.
        """
        if isinstance(message, CompressedImage):
            return self._to_8_bits(_decode_compressed(message, self._max_pixels))
        layout = _layout_of(message)
        pixels = _pixels(message, layout)
        if self._conversion is not None and self._conversion.converts(message):
            return self._conversion.to_bgr(message)
        return _to_bgr(message, layout, self._to_8_bits(pixels))

    def _to_8_bits(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        if pixels.dtype == np.uint8:
            return pixels
        brightest = int(pixels.max())
        while brightest >= 1 << self._sensor_bits:
            self._sensor_bits = _SENSOR_BITS[_SENSOR_BITS.index(self._sensor_bits) + 1]
        scale = 255 / ((1 << self._sensor_bits) - 1)
        return cast(NDArray[np.uint8], cv2.convertScaleAbs(pixels, alpha=scale))


def _to_bgr(message: Image, layout: PixelLayout, pixels: NDArray[np.uint8]) -> BgrImage:
    if layout.to_bgr is None:
        return pixels
    try:
        return cast(BgrImage, cv2.cvtColor(pixels, layout.to_bgr))
    except cv2.error as error:
        raise ImageDecodingError(
            f"{message.encoding} image of {message.width}x{message.height} cannot be converted: "
            f"{error.err}"
        ) from error


def _layout_of(message: Image) -> PixelLayout:
    layout = ENCODINGS.get(message.encoding)
    if layout is None:
        raise ImageDecodingError(
            f"unknown encoding {message.encoding!r}; the known ones are {', '.join(ENCODINGS)}"
        )
    return layout


def _pixels(message: Image, layout: PixelLayout) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """(rows, width, channels), or (rows, width) for one channel; a view into the message's data."""
    width, height, step = message.width, message.height, message.step
    what = f"{message.encoding} image of {width}x{height}"
    if width == 0 or height == 0:
        raise ImageDecodingError(f"{what} holds no pixel")
    if layout.is_subsampled and width % 2:
        raise ImageDecodingError(f"{what}: this encoding needs an even width")
    if layout.is_planar_420 and (width % 2 or height % 2):
        raise ImageDecodingError(f"{what}: this encoding needs an even width and height")
    row_bytes = width * layout.bytes_per_pixel
    if step < row_bytes:
        raise ImageDecodingError(f"{what}: step is {step}, but a row takes {row_bytes} bytes")
    rows = height * 3 // 2 if layout.is_planar_420 else height
    # The padding after the last row may be left out.
    needed = step * (rows - 1) + row_bytes
    data = np.frombuffer(message.data, np.uint8)
    if data.size < needed:
        raise ImageDecodingError(
            f"{what} with step {step} needs {needed} bytes of data, but {data.size} came"
        )
    if data.size > step * rows:
        raise ImageDecodingError(
            f"{what} with step {step} has {step * rows} bytes of data, but {data.size} came"
        )
    padded = np.lib.stride_tricks.as_strided(data, (rows, row_bytes), (step, 1))
    if layout.bytes_per_value == 1:
        values: NDArray[np.uint8] | NDArray[np.uint16] = padded
    else:
        values = _words(padded, is_bigendian=bool(message.is_bigendian))
    return values if layout.channels == 1 else values.reshape(rows, width, layout.channels)


def _words(rows: NDArray[np.uint8], *, is_bigendian: bool) -> NDArray[np.uint16]:
    words = np.ascontiguousarray(rows).view(np.uint16)
    is_swapped = is_bigendian != (sys.byteorder == "big")
    return words.byteswap() if is_swapped else words


def _decode_compressed(message: CompressedImage, max_pixels: int) -> NDArray[Any]:
    """(height, width, 3), uint8 or uint16, BGR."""
    data = bytes(message.data)
    what = f"compressed image ({len(data)} bytes, format {message.format!r})"
    if "compressedDepth" in message.format:
        raise ImageDecodingError(f"{what} is a depth image; a colour or grey image is needed")
    if not data.startswith((JPEG_START, PNG_START)):
        start = data[:8].hex(" ") or "nothing"
        raise ImageDecodingError(f"{what} is neither jpeg nor png: it starts with {start}")
    try:
        return decode_picture(data, what, imread_flags=_IMREAD_FLAGS, max_pixels=max_pixels)
    except MediaError as error:
        raise ImageDecodingError(str(error)) from error
