"""From a BGR image to a camera's message, in any encoding that cameras send."""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from ..errors import GlamorError

JPEG_QUALITY = 90

_Pixels: TypeAlias = NDArray[Any]


class ImageEncodingError(GlamorError, ValueError):
    """An image cannot be sent in the encoding asked for."""


def image_message(image_bgr: NDArray[np.uint8], header: Header, encoding: str = "bgr8") -> Image:
    """A (height, width, 3) uint8 BGR image as a message with the header given.

    Raises ImageEncodingError for an unknown encoding, or odd sides where it needs even ones.
    """
    pixels = encode_pixels(image_bgr, encoding)
    height, width = image_bgr.shape[:2]
    message = Image(header=header, height=height, width=width, encoding=encoding)
    message.step = pixels.strides[0]
    message.data = byte_array(pixels)
    return message


def compressed_image_message(
    image_bgr: NDArray[np.uint8], header: Header, jpeg_quality: int = JPEG_QUALITY
) -> CompressedImage:
    """A BGR image as a jpeg message, labelled as image_transport labels it.

    Args:
        image_bgr: (height, width, 3), uint8.
        header: Of the message.
        jpeg_quality: 1 to 100.
    """
    _, jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
    return CompressedImage(
        header=header, format="bgr8; jpeg compressed bgr8", data=byte_array(jpeg)
    )


def byte_array(values: NDArray[Any]) -> array.array[int]:
    """The bytes of an array for a message's `uint8[]`.

    rclpy takes an array.array as it is; anything else it checks and copies value by value.
    """
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(values).data.cast("B"))
    return data


def encode_pixels(image_bgr: NDArray[np.uint8], encoding: str) -> _Pixels:
    """The rows of pixels as they are sent, without padding; 16-bit values in this machine's order.

    Raises ImageEncodingError.
    """
    encoder = _ENCODERS.get(encoding)
    if encoder is None:
        raise ImageEncodingError(
            f"cannot send images as {encoding!r}; the known encodings are {', '.join(_ENCODERS)}"
        )
    height, width = image_bgr.shape[:2]
    if encoding in _EVEN_SIDES and (width % 2 or height % 2):
        raise ImageEncodingError(
            f"{encoding} needs an even width and height, but the image is {width}x{height}"
        )
    return np.ascontiguousarray(encoder(image_bgr))


def _colour(conversion: int) -> Callable[[NDArray[np.uint8]], _Pixels]:
    return lambda image: cv2.cvtColor(image, conversion)


def _to_16_bits(image: _Pixels) -> _Pixels:
    return np.multiply(image, 257, dtype=np.uint16)


def _mono16(image: NDArray[np.uint8]) -> _Pixels:
    return _to_16_bits(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


def _planes_420(image: NDArray[np.uint8]) -> tuple[_Pixels, _Pixels, _Pixels]:
    """Y (height, width), U and V (height/2, width/2) of BT.601, limited range."""
    height, width = image.shape[:2]
    planar = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    luma, u, v = np.split(planar, [height * width, height * width * 5 // 4])
    chroma_shape = (height // 2, width // 2)
    return luma.reshape(height, width), u.reshape(chroma_shape), v.reshape(chroma_shape)


def _nv12(image: NDArray[np.uint8]) -> _Pixels:
    luma, u, v = _planes_420(image)
    return np.vstack([luma, np.dstack([u, v]).reshape(len(u), -1)])


def _nv21(image: NDArray[np.uint8]) -> _Pixels:
    luma, u, v = _planes_420(image)
    return np.vstack([luma, np.dstack([v, u]).reshape(len(u), -1)])


def _luma_and_chroma(image: NDArray[np.uint8]) -> tuple[_Pixels, _Pixels]:
    """(height, width) each; chroma holds U and V in turn, shared by two rows and two columns."""
    luma, u, v = _planes_420(image)
    chroma = np.dstack([u, v]).reshape(len(u), -1)
    return luma, np.repeat(chroma, 2, axis=0)


def _yuyv(image: NDArray[np.uint8]) -> _Pixels:
    return np.dstack(_luma_and_chroma(image))


def _uyvy(image: NDArray[np.uint8]) -> _Pixels:
    return np.dstack(_luma_and_chroma(image)[::-1])


def _bayer(pattern: str) -> Callable[[NDArray[np.uint8]], _Pixels]:
    """pattern: the colours of the first row's first two pixels, then of the second row's."""

    def encode(image: NDArray[np.uint8]) -> _Pixels:
        mosaic = np.empty(image.shape[:2], np.uint8)
        for cell, colour in enumerate(pattern):
            rows, columns = slice(cell // 2, None, 2), slice(cell % 2, None, 2)
            mosaic[rows, columns] = image[rows, columns, "bgr".index(colour)]
        return mosaic

    return encode


def _bayer16(pattern: str) -> Callable[[NDArray[np.uint8]], _Pixels]:
    encode = _bayer(pattern)
    return lambda image: _to_16_bits(encode(image))


_ENCODERS: dict[str, Callable[[NDArray[np.uint8]], _Pixels]] = {
    "bgr8": lambda image: image,
    "rgb8": _colour(cv2.COLOR_BGR2RGB),
    "bgra8": _colour(cv2.COLOR_BGR2BGRA),
    "rgba8": _colour(cv2.COLOR_BGR2RGBA),
    "mono8": _colour(cv2.COLOR_BGR2GRAY),
    "mono16": _mono16,
    "yuyv": _yuyv,
    "yuv422_yuy2": _yuyv,
    "uyvy": _uyvy,
    "yuv422": _uyvy,
    "nv12": _nv12,
    "nv21": _nv21,
    **{f"bayer_{pattern}8": _bayer(pattern) for pattern in ("rggb", "bggr", "gbrg", "grbg")},
    **{f"bayer_{pattern}16": _bayer16(pattern) for pattern in ("rggb", "bggr", "gbrg", "grbg")},
}
_EVEN_SIDES = ("yuyv", "yuv422_yuy2", "uyvy", "yuv422", "nv12", "nv21")

SENDABLE_ENCODINGS = tuple(_ENCODERS)
