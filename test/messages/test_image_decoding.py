from __future__ import annotations

import array
import struct
import sys
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from skimage import data
from std_msgs.msg import Header

from glamor_ros.messages.image_decoding import ImageDecoder, ImageDecodingError
from glamor_ros.messages.image_encoding import SENDABLE_ENCODINGS, byte_array, image_message

LOSSLESS = ("bgr8", "rgb8", "bgra8", "rgba8")
GREY = ("mono8", "mono16")


@pytest.fixture(scope="module")
def photograph() -> NDArray[np.uint8]:
    """Every channel and every row differs: a swap would be seen."""
    return cv2.resize(data.astronaut()[..., ::-1], (640, 480), interpolation=cv2.INTER_AREA)


def with_padded_rows(message: Image, padding: int) -> Image:
    rows = np.frombuffer(message.data, np.uint8).reshape(-1, message.step)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    message.step += padding
    message.data = byte_array(padded)
    return message


def with_swapped_bytes(message: Image) -> Image:
    message.is_bigendian = sys.byteorder == "little"
    message.data = byte_array(np.frombuffer(message.data, np.uint16).byteswap())
    return message


def raw_message(
    encoding: str, width: int, height: int, step: int, content: bytes, is_bigendian: bool = False
) -> Image:
    message = Image(encoding=encoding, width=width, height=height, step=step)
    message.is_bigendian = is_bigendian
    message.data = array.array("B", content)
    return message


def compressed_message(content: bytes, image_format: str = "jpeg") -> CompressedImage:
    return CompressedImage(format=image_format, data=array.array("B", content))


def decode(message: Image | CompressedImage) -> NDArray[Any]:
    """As the first of its stream."""
    return ImageDecoder().decode(message)


def mean_difference(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("encoding", SENDABLE_ENCODINGS)
def test_every_encoding_decodes_to_the_picture(
    photograph: NDArray[np.uint8], encoding: str
) -> None:
    image = decode(image_message(photograph, Header(), encoding))

    assert image.shape == photograph.shape
    assert image.dtype == np.uint8
    if encoding in LOSSLESS:
        np.testing.assert_array_equal(image, photograph)
    elif encoding in GREY:
        grey = cv2.cvtColor(photograph, cv2.COLOR_BGR2GRAY)
        np.testing.assert_array_equal(image, np.dstack([grey] * 3))
    else:
        # Half of the chroma or two thirds of the mosaic are interpolated.
        assert mean_difference(image, photograph) < 2


@pytest.mark.parametrize("encoding", SENDABLE_ENCODINGS)
def test_padding_of_rows_is_left_out(photograph: NDArray[np.uint8], encoding: str) -> None:
    plain = decode(image_message(photograph, Header(), encoding))
    padded = decode(with_padded_rows(image_message(photograph, Header(), encoding), 22))

    np.testing.assert_array_equal(padded, plain)


@pytest.mark.parametrize("encoding", [e for e in SENDABLE_ENCODINGS if e.endswith("16")])
def test_byte_order_is_honoured(photograph: NDArray[np.uint8], encoding: str) -> None:
    plain = decode(image_message(photograph, Header(), encoding))
    swapped = decode(with_swapped_bytes(image_message(photograph, Header(), encoding)))

    np.testing.assert_array_equal(swapped, plain)


@pytest.mark.parametrize("encoding", [e for e in SENDABLE_ENCODINGS if not e.startswith("nv")])
def test_agrees_with_rosbags_image(photograph: NDArray[np.uint8], encoding: str) -> None:
    rosbags_image = pytest.importorskip("rosbags.image")
    message = image_message(photograph, Header(), encoding)

    expected = rosbags_image.image_to_cvimage(message, "bgr8")

    # It rounds 16 bits down to 8, here they are rounded to the nearest; demosaicing spreads that.
    np.testing.assert_allclose(
        decode(message).astype(int),
        expected.astype(int),
        atol=2 if "16" in encoding else 0,
    )


def test_bgr8_is_not_copied(photograph: NDArray[np.uint8]) -> None:
    message = image_message(photograph, Header())

    assert np.shares_memory(decode(message), np.frombuffer(message.data, np.uint8))


def test_padding_after_the_last_row_may_be_missing() -> None:
    content = bytes([1, 2, 3, 0, 0, 4, 5, 6])

    image = decode(raw_message("bgr8", 1, 2, 5, content))

    assert image.tolist() == [[[1, 2, 3]], [[4, 5, 6]]]


@pytest.mark.parametrize(("brightest", "bits"), [(600, 10), (3000, 12), (9000, 14), (65535, 16)])
def test_16_bit_values_are_scaled_by_the_depth_of_the_sensor(brightest: int, bits: int) -> None:
    values = np.array([[0, brightest // 2, brightest]], np.uint16)

    image = decode(raw_message("mono16", 3, 1, 6, values.tobytes(), sys.byteorder == "big"))

    expected = values[0].astype(float) * 255 / (2**bits - 1)
    np.testing.assert_allclose(image[0, :, 0], expected, atol=0.51)


def mono16(*values: int) -> Image:
    pixels = np.array([values], np.uint16)
    is_bigendian = sys.byteorder == "big"
    return raw_message("mono16", len(values), 1, 2 * len(values), pixels.tobytes(), is_bigendian)


def test_the_depth_of_a_stream_does_not_shrink_again() -> None:
    """One bright pixel makes all later images darker, but none brighter again."""
    decoder = ImageDecoder()

    scene, with_lamp, later = (
        decoder.decode(mono16(500, brightest))[0, 0, 0] for brightest in (600, 4000, 600)
    )

    assert (scene, with_lamp, later) == (125, 31, 31)
    assert ImageDecoder().decode(mono16(500, 600))[0, 0, 0] == 125


def test_a_png_of_16_bits_is_scaled_like_a_raw_image() -> None:
    values = np.array([[0, 500, 1023, 4095]], np.uint16)
    png = cv2.imencode(".png", values)[1].tobytes()
    decoder = ImageDecoder()

    image = decoder.decode(compressed_message(png, "mono16; png compressed"))

    np.testing.assert_array_equal(image[0, :, 0], np.rint(values[0] * (255 / 4095)))
    assert decoder.decode(mono16(500, 600))[0, 0, 0] == 31


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (raw_message("h264", 2, 2, 6, bytes(12)), "unknown encoding 'h264'.*bgr8, rgb8"),
        (raw_message("32FC1", 2, 2, 8, bytes(16)), "unknown encoding '32FC1'"),
        (raw_message("", 2, 2, 6, bytes(12)), "unknown encoding ''"),
        (raw_message("bgr8", 0, 2, 6, bytes(12)), "0x2 holds no pixel"),
        (raw_message("bgr8", 2, 0, 6, b""), "2x0 holds no pixel"),
        (raw_message("bgr8", 2, 2, 5, bytes(12)), "step is 5, but a row takes 6 bytes"),
        (raw_message("bgr8", 2, 2, 6, bytes(11)), "needs 12 bytes of data, but 11 came"),
        (raw_message("bgr8", 2, 2, 6, b""), "needs 12 bytes of data, but 0 came"),
        (raw_message("bgr8", 2, 2, 6, bytes(13)), "has 12 bytes of data, but 13 came"),
        (raw_message("rgb8", 2, 2, 8, bytes(16)[:13]), "needs 14 bytes of data, but 13 came"),
        (raw_message("nv12", 2, 2, 2, bytes(5)), "needs 6 bytes of data, but 5 came"),
        (raw_message("nv12", 2, 3, 2, bytes(9)), "needs an even width and height"),
        (raw_message("yuyv", 3, 1, 6, bytes(6)), "needs an even width"),
        (raw_message("bgr8", 2**32 - 1, 2**32 - 1, 2**32 - 1, bytes(9)), "a row takes"),
        (compressed_message(b""), r"jpeg or png|neither jpeg nor png: it starts with nothing"),
        (compressed_message(b"GIF89a", "gif"), "neither jpeg nor png: it starts with 47 49"),
        (compressed_message(b"\xff\xd8\xff\xe0\x00\x10"), "damaged"),
        (compressed_message(b"\xff\xd8" + bytes(40) + b"\xff\xd9"), "damaged"),
        (compressed_message(bytes(90), "16UC1; compressedDepth png"), "depth image"),
    ],
)
def test_the_error_says_what_is_wrong(message: Image | CompressedImage, complaint: str) -> None:
    with pytest.raises(ImageDecodingError, match=complaint):
        decode(message)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_compressed_images(photograph: NDArray[np.uint8], suffix: str) -> None:
    content = cv2.imencode(suffix, photograph)[1].tobytes()

    image = decode(compressed_message(content, suffix[1:]))

    assert mean_difference(image, photograph) <= (2 if suffix == ".jpg" else 0)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_truncated_compressed_image_is_no_image(
    photograph: NDArray[np.uint8], suffix: str, kept: float
) -> None:
    content = cv2.imencode(suffix, photograph)[1].tobytes()

    with pytest.raises(ImageDecodingError, match=r"truncated|damaged"):
        decode(compressed_message(content[: int(len(content) * kept)]))


def test_a_compressed_image_of_too_many_pixels_is_not_decoded() -> None:
    """A million bytes may claim 20000x20000 pixels, which take gigabytes."""
    bomb = bytearray(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    bomb[16:24] = struct.pack(">II", 20_000, 20_000)

    with pytest.raises(ImageDecodingError, match=r"20000x20000 are 400.0 megapixels.* 100;"):
        decode(compressed_message(bytes(bomb), "png"))
    small = compressed_message(cv2.imencode(".jpg", np.zeros((10, 11)))[1].tobytes())
    assert ImageDecoder(max_pixels=110).decode(small).shape == (10, 11, 3)
    with pytest.raises(ImageDecodingError, match="11x10"):
        ImageDecoder(max_pixels=109).decode(small)


def test_the_orientation_tag_of_a_jpeg_is_ignored(photograph: NDArray[np.uint8]) -> None:
    content = cv2.imencode(".jpg", photograph)[1].tobytes()
    # One EXIF entry: orientation (0x0112) is 6, turned by 90 degrees.
    tiff = (
        b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
        + bytes(4)
    )
    exif = b"Exif\x00\x00" + tiff
    turned = content[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + content[2:]
    as_opencv_turns_it = cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR)
    assert as_opencv_turns_it is not None
    assert as_opencv_turns_it.shape[:2] == (640, 480)

    assert decode(compressed_message(turned)).shape == photograph.shape
