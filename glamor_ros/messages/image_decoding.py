"""From a camera's message to a BGR image.

OpenCV does the conversions. cv_bridge is not used: it knows neither nv12 nor nv21 in Jazzy, and its
extension module does not load beside a NumPy 2 that came with PyTorch.
"""

from __future__ import annotations

import sys
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from ..errors import GlamorError
from .pixel_layouts import ENCODINGS, PixelLayout

BgrImage = NDArray[np.uint8]

# A frame's brightest value tells how many bits its sensor fills: many put 10, 12 or 14 into 16.
_SENSOR_BITS = (10, 12, 14, 16)
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"


class ImageDecodingError(GlamorError, ValueError):
    """An image message cannot be read; the message says what is wrong with it."""


def decode_image(message: Image | CompressedImage) -> BgrImage:
    """The (height, width, 3) uint8 BGR image of a message.

    `bgr8` is not copied: the result shares the memory of the message. `step` and `is_bigendian` are
    honoured. 16-bit values are scaled to 8 bits by the depth that the sensor fills: the smallest of
    10, 12, 14 and 16 bits that holds the brightest value of the frame.

    Raises ImageDecodingError for an unknown encoding, sizes that contradict one another, or a
    compressed picture that is damaged.
    """
    if isinstance(message, CompressedImage):
        return _decode_compressed(message)
    return _decode_raw(message)


def _decode_raw(message: Image) -> BgrImage:
    layout = _layout_of(message)
    pixels = _to_8_bits(_pixels(message, layout))
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


def _to_8_bits(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return cast(NDArray[np.uint8], pixels)
    brightest = int(pixels.max())
    bits = next(bits for bits in _SENSOR_BITS if brightest < 1 << bits)
    return cast(NDArray[np.uint8], cv2.convertScaleAbs(pixels, alpha=255 / ((1 << bits) - 1)))


def _decode_compressed(message: CompressedImage) -> BgrImage:
    data = bytes(message.data)
    what = f"compressed image ({len(data)} bytes, format {message.format!r})"
    if "compressedDepth" in message.format:
        raise ImageDecodingError(f"{what} is a depth image; a colour or grey image is needed")
    if data.startswith(_JPEG_START):
        is_whole = _JPEG_END in data[2:]
    elif data.startswith(_PNG_START):
        is_whole = _PNG_END in data[-16:]
    else:
        start = data[:8].hex(" ") or "nothing"
        raise ImageDecodingError(f"{what} is neither jpeg nor png: it starts with {start}")
    if not is_whole:
        raise ImageDecodingError(f"{what} is truncated: its end marker is missing")
    try:
        # Boxes are in pixels of the picture as sent, whatever its EXIF tags say of turning it.
        image = cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error as error:
        raise ImageDecodingError(f"{what} cannot be decoded: {error.err}") from error
    if image is None:
        raise ImageDecodingError(f"{what} is damaged: OpenCV cannot decode it")
    return cast(BgrImage, image)
