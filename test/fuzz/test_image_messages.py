"""Image messages of any content are decoded, or refused with their one error."""

from __future__ import annotations

import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import CompressedImage, Image

from glamor_ros.messages.image_decoding import ImageDecoder, ImageDecodingError
from glamor_ros.messages.pixel_layouts import ENCODINGS

pytestmark = pytest.mark.fuzz


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    encoding=st.sampled_from([*ENCODINGS, "bayer_xxxx8", "8UC4"]),
    width=st.integers(0, 9),
    height=st.integers(0, 9),
    step=st.one_of(st.integers(0, 80), st.just(2**32 - 1)),
    content=st.binary(max_size=800),
    is_bigendian=st.booleans(),
)
def test_no_message_does_more_than_raise_the_error(
    encoding: str, width: int, height: int, step: int, content: bytes, is_bigendian: bool
) -> None:
    message = Image(encoding=encoding, width=width, height=height, step=step)
    message.is_bigendian = is_bigendian
    message.data = array.array("B", content)
    try:
        image = ImageDecoder().decode(message)
    except ImageDecodingError:
        return
    assert image.shape == (height, width, 3)
    assert image.dtype == np.uint8


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    head=st.sampled_from([b"\xff\xd8", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b""]),
    content=st.binary(max_size=200),
    tail=st.sampled_from([b"\xff\xd9", b"IEND\xaeB`\x82", b""]),
)
def test_no_compressed_message_does_more_than_raise_the_error(
    head: bytes, content: bytes, tail: bytes
) -> None:
    message = CompressedImage(format="jpeg", data=array.array("B", head + content + tail))
    try:
        image = ImageDecoder().decode(message)
    except ImageDecodingError:
        return
    assert image.ndim == 3
