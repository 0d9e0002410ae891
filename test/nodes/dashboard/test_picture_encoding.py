"""From a camera's message to the JPEG that viewers get."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from std_msgs.msg import Header

from glamor_ros.messages.image_decoding import ImageDecoder, ImageDecodingError
from glamor_ros.messages.image_encoding import compressed_image_message, image_message
from glamor_ros.nodes.dashboard.picture_encoding import jpeg_of

# Smooth, so that a JPEG keeps it.
GRADIENT = np.dstack(
    [
        np.tile(np.linspace(start, 255 - start, 200, dtype=np.uint8), (100, 1))
        for start in (0, 60, 90)
    ]
)


def shown(jpeg: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))


@pytest.mark.parametrize("encoding", ["bgr8", "rgb8", "nv12", "yuyv"])
def test_the_picture_is_the_camera_s(encoding: str) -> None:
    message = image_message(GRADIENT, Header(), encoding)

    picture = shown(jpeg_of(message, ImageDecoder(), max_width_px=1280, quality=90))

    assert picture.shape == GRADIENT.shape
    assert np.abs(picture.astype(int) - GRADIENT).mean() < 5


def test_wide_pictures_are_made_smaller_and_keep_their_aspect_ratio() -> None:
    message = image_message(GRADIENT, Header())

    picture = shown(jpeg_of(message, ImageDecoder(), max_width_px=50, quality=90))

    assert picture.shape == (25, 50, 3)
    expected = cv2.resize(GRADIENT, (50, 25), interpolation=cv2.INTER_AREA)
    assert np.abs(picture.astype(int) - expected).mean() < 5


def test_a_camera_s_own_jpeg_is_passed_on() -> None:
    message = compressed_image_message(GRADIENT, Header())

    assert jpeg_of(message, ImageDecoder(), max_width_px=50, quality=10) == bytes(message.data)


def test_a_png_becomes_a_jpeg() -> None:
    message = compressed_image_message(GRADIENT, Header())
    message.data = cv2.imencode(".png", GRADIENT)[1].tobytes()

    assert shown(jpeg_of(message, ImageDecoder(), max_width_px=50, quality=90)).shape == (25, 50, 3)


def test_a_message_that_contradicts_itself_is_refused() -> None:
    message = image_message(GRADIENT, Header())
    message.height = 1000

    with pytest.raises(ImageDecodingError, match="needs"):
        jpeg_of(message, ImageDecoder(), max_width_px=50, quality=90)
