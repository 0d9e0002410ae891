"""From a camera's message to the JPEG that viewers get."""

from __future__ import annotations

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from ...messages.image_decoding import ImageDecoder, ImageDecodingError

_JPEG_START = b"\xff\xd8"


class PictureEncodingError(ImageDecodingError):
    """A message that cannot be made into a picture."""


def jpeg_of(
    message: Image | CompressedImage, decoder: ImageDecoder, *, max_width_px: int, quality: int
) -> bytes:
    """The image as a JPEG file, made smaller where it is wider than max_width_px.

    A compressed message's own JPEG is passed on as it is.

    Args:
        message: From the camera.
        decoder: The camera's.
        max_width_px: At least 1.
        quality: OpenCV's, 0 to 100.

    Raises:
        ImageDecodingError: The message cannot be read.
    """
    if isinstance(message, CompressedImage):
        data = bytes(message.data)
        if data.startswith(_JPEG_START):
            return data
    image_bgr = decoder.decode(message)
    height, width = image_bgr.shape[:2]
    if width > max_width_px:
        size = (max_width_px, max(round(height * max_width_px / width), 1))
        image_bgr = cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    is_written, jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not is_written:
        raise PictureEncodingError(f"an image of {width}x{height} cannot be encoded as jpeg")
    return jpeg.tobytes()
