"""JPEGs with a hole in their data, and whole ones that look as if they had one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from glamor_ros.media.pictures import MediaError, decode_picture

QUALITY, OPTIMIZED = cv2.IMWRITE_JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE
PROGRESSIVE, RESTART = cv2.IMWRITE_JPEG_PROGRESSIVE, cv2.IMWRITE_JPEG_RST_INTERVAL
PACKET = 1024


def jpeg(picture: NDArray[np.uint8], *parameters: int) -> bytes:
    return bytes(cv2.imencode(".jpg", picture, parameters)[1])


@pytest.fixture(scope="module")
def photograph() -> NDArray[np.uint8]:
    return np.ascontiguousarray(data.astronaut()[..., ::-1])


def holes(content: bytes) -> list[int]:
    """Places all over a picture's data, of which each is a packet away from its ends."""
    start = content.index(b"\xff\xda") + PACKET
    return list(range(start, len(content) - 3 * PACKET, PACKET))


def found(damaged: list[bytes]) -> float:
    """In how many of them a hole is found."""
    refused = 0
    for content in damaged:
        try:
            decode_picture(content, "photo")
        except MediaError as error:
            refused += "photo is damaged: there is a hole in its data" in str(error)
    return refused / len(damaged)


@pytest.mark.parametrize("quality", [30, 80, 95])
@pytest.mark.parametrize("is_grey", [False, True])
def test_a_lost_packet_is_found(photograph: NDArray[np.uint8], quality: int, is_grey: bool) -> None:
    content = jpeg(photograph[..., 1] if is_grey else photograph, QUALITY, quality)
    places = holes(content)
    assert len(places) > 5
    assert found([content[:p] + content[p + PACKET :] for p in places]) >= 0.9


@pytest.mark.parametrize(("quality", "least"), [(30, 0.9), (80, 0.8), (95, 0.5)])
def test_a_packet_of_zeros_is_found(
    photograph: NDArray[np.uint8], quality: int, least: float
) -> None:
    content = jpeg(photograph, QUALITY, quality)
    zeroed = [content[:p] + bytes(PACKET) + content[p + PACKET :] for p in holes(content)]
    assert found(zeroed) >= least


def test_a_lost_restart_marker_is_found(photograph: NDArray[np.uint8]) -> None:
    content = jpeg(photograph, RESTART, 4)
    places = [content.index(b"\xff" + bytes([0xD0 + number])) for number in range(8)]
    assert found([content[:p] + content[p + 2 :] for p in places]) == 1


@pytest.mark.parametrize("count", [1, 100])
def test_zeros_before_the_end_marker_are_no_hole(photograph: NDArray[np.uint8], count: int) -> None:
    content = jpeg(photograph)
    padded = content[:-2] + bytes(count) + content[-2:]
    assert np.array_equal(decode_picture(padded, "photo"), decode_picture(content, "photo"))


@pytest.mark.parametrize("parameters", [(), (OPTIMIZED, 1), (PROGRESSIVE, 1), (RESTART, 4)])
@pytest.mark.parametrize("grey", [0, 77, 128, 255])
def test_a_whole_picture_of_one_grey_has_no_hole(parameters: tuple[int, ...], grey: int) -> None:
    picture = np.full((480, 640, 3), grey, np.uint8)
    decoded = decode_picture(jpeg(picture, *parameters), "photo")
    assert np.array_equal(decoded, picture)


@pytest.mark.parametrize("parameters", [(), (OPTIMIZED, 1), (PROGRESSIVE, 1), (RESTART, 4)])
def test_a_whole_picture_that_ends_in_grey_has_no_hole(
    photograph: NDArray[np.uint8], parameters: tuple[int, ...]
) -> None:
    picture = photograph.copy()
    picture[256:] = 128
    decoded = decode_picture(jpeg(picture, *parameters), "photo")
    assert (decoded[280:] == 128).all()
