from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from glamor_ros.errors import GlamorError
from glamor_ros.messages.depth_image import depth_image
from glamor_ros.messages.image_encoding import byte_array

MILLIMETRES = np.arange(1000, 1012, dtype=np.uint16).reshape(3, 4)


def message(
    values: NDArray[np.generic], encoding: str, *, padding: int = 0, is_bigendian: bool = False
) -> Image:
    rows = values.astype(values.dtype.newbyteorder(">" if is_bigendian else "<")).view(np.uint8)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    return Image(
        height=values.shape[0],
        width=values.shape[1],
        encoding=encoding,
        is_bigendian=is_bigendian,
        step=padded.shape[1],
        data=byte_array(np.ascontiguousarray(padded)),
    )


@pytest.mark.parametrize("is_bigendian", [False, True])
@pytest.mark.parametrize("padding", [0, 3, 8])
@pytest.mark.parametrize(
    ("encoding", "values", "unit_m"),
    [
        ("16UC1", MILLIMETRES, 0.001),
        ("mono16", MILLIMETRES, 0.001),
        ("32FC1", (MILLIMETRES / 1000).astype(np.float32), 1.0),
    ],
)
def test_values_and_unit(
    encoding: str, values: NDArray[np.generic], unit_m: float, padding: int, is_bigendian: bool
) -> None:
    image = depth_image(message(values, encoding, padding=padding, is_bigendian=is_bigendian))

    assert (image.values == values).all()
    assert image.unit_m == unit_m


def test_no_copy_is_made() -> None:
    sent = message(MILLIMETRES, "16UC1")
    image = depth_image(sent)

    sent.data[0:2] = byte_array(np.array([7, 0], np.uint8))

    assert image.values[0, 0] == 7


def test_rows_of_unknown_length_follow_one_another() -> None:
    sent = message(MILLIMETRES, "16UC1")
    sent.step = 0

    assert (depth_image(sent).values == MILLIMETRES).all()


@pytest.mark.parametrize("encoding", ["bgr8", "16SC1", "64FC1", "", "compressedDepth"])
def test_other_encodings_are_named(encoding: str) -> None:
    with pytest.raises(GlamorError, match=f"'{encoding}' cannot be read; it must be 16UC1"):
        depth_image(message(MILLIMETRES, encoding))


@pytest.mark.parametrize(
    "change", [{"height": 4}, {"width": 5}, {"width": 0}, {"height": 0}, {"step": 4}, {"step": 9}]
)
def test_less_data_than_told(change: dict[str, int]) -> None:
    sent = message(MILLIMETRES, "16UC1")
    for name, value in change.items():
        setattr(sent, name, value)

    with pytest.raises(
        GlamorError, match=r"pixels \(16UC1\) with rows of \d+ bytes cannot have 24"
    ):
        depth_image(sent)
