from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from glamor_ros.atomic_file import OutputError
from glamor_ros.media.files import PICTURE_SUFFIXES
from glamor_ros.media.picture_formats import PictureHeader, picture_header
from glamor_ros.media.pictures import MediaError, decode_picture, read_picture, write_picture

LOSSLESS = (".bmp", ".png", ".ppm", ".tif", ".tiff")
READ_LIMITED = """
import resource, sys
from pathlib import Path
from glamor_ros.media.pictures import MediaError, read_picture
resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000, 4_000_000_000))
try:
    read_picture(Path(sys.argv[1]))
except MediaError as error:
    print(error)
"""
PROGRESSIVE = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 4]


@pytest.fixture(scope="module")
def photograph() -> NDArray[np.uint8]:
    """300x200: a side taken for the other would be seen."""
    return np.ascontiguousarray(data.astronaut()[:200, :300, ::-1])


def encoded(picture: NDArray[np.uint8], suffix: str, *parameters: int) -> bytes:
    return cv2.imencode(suffix, picture, parameters)[1].tobytes()


def zeros_png(width: int, height: int) -> bytes:
    """Valid, black, and far smaller than its pixels."""
    compressor = zlib.compressobj(9)
    row = bytes(1 + width)
    rows = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (*chunks, (b"IEND", b""))
    )


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_what_is_written_is_read(
    photograph: NDArray[np.uint8], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / "new" / f"photo{suffix}"

    write_picture(path, photograph)
    picture = read_picture(path)

    assert picture.shape == photograph.shape
    difference = np.abs(picture.astype(int) - photograph)
    assert difference.mean() <= (0 if suffix in LOSSLESS else 4)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_the_size_is_known_before_decoding(photograph: NDArray[np.uint8], suffix: str) -> None:
    assert picture_header(encoded(photograph, suffix)) == PictureHeader(300, 200)


def test_the_size_of_rarer_kinds_is_known_too(photograph: NDArray[np.uint8]) -> None:
    lossless_webp = encoded(photograph, ".webp", cv2.IMWRITE_WEBP_QUALITY, 101)
    kinds = {
        "progressive jpeg": encoded(photograph, ".jpg", *PROGRESSIVE),
        "lossless webp": lossless_webp,
        "extended webp": (
            b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00"
            + (299).to_bytes(3, "little")
            + (199).to_bytes(3, "little")
        ),
        "big-endian tiff": struct.pack(
            ">2sHIHHHIIHHIHH", b"MM", 42, 8, 2, 256, 3, 1, 300 << 16, 257, 3, 1, 200, 0
        ),
        "commented ppm": b"P6 # by hand\n# 9 9\n300\n200 255\n",
        "OS/2 bmp": b"BM" + bytes(12) + struct.pack("<IHH", 12, 300, 200),
        "bmp from top to bottom": b"BM" + bytes(12) + struct.pack("<Iii", 40, 300, -200),
    }
    headers = {name: picture_header(content) for name, content in kinds.items()}
    assert headers == dict.fromkeys(kinds, PictureHeader(300, 200))


@pytest.mark.parametrize("kept", [0.02, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("suffix", [*PICTURE_SUFFIXES, "progressive"])
def test_what_breaks_off_is_no_picture(
    photograph: NDArray[np.uint8], suffix: str, kept: float
) -> None:
    whole = (
        encoded(photograph, ".jpg", *PROGRESSIVE)
        if suffix == "progressive"
        else encoded(photograph, suffix)
    )
    with pytest.raises(MediaError, match=r"^photo (breaks off|is damaged|cannot be decoded)"):
        decode_picture(whole[: int(len(whole) * kept)], "photo")


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture(
    photograph: NDArray[np.uint8],
) -> None:
    """EXIF data hold a whole small JPEG before the picture."""
    whole, thumbnail = encoded(photograph, ".jpg"), encoded(photograph[:32, :40], ".jpg")
    exif = b"Exif\x00\x00" + thumbnail
    content = whole[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + whole[2:]

    assert picture_header(content) == PictureHeader(300, 200)
    assert decode_picture(content, "photo").shape == photograph.shape
    with pytest.raises(MediaError, match="photo breaks off"):
        decode_picture(content[:-9], "photo")


def test_a_picture_of_gigabytes_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(zeros_png(20_000, 20_000))
    assert path.stat().st_size < 1_000_000

    result = subprocess.run(
        [sys.executable, "-c", READ_LIMITED, str(path)], capture_output=True, text=True, timeout=60
    )

    assert result.stdout == (
        f"{path} is too large: 20000x20000 are 400.0 megapixels, and the limit is 100; shrink it "
        "first\n"
    ), result.stderr


def test_the_limit_can_be_set(photograph: NDArray[np.uint8]) -> None:
    content = encoded(photograph, ".png")
    assert decode_picture(content, "photo", max_pixels=60_000).shape == photograph.shape
    with pytest.raises(MediaError, match="photo is too large: 300x200"):
        decode_picture(content, "photo", max_pixels=59_999)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"no picture", "is damaged, or no BMP, JPEG, PNG, PPM, TIFF or WebP picture"),
        (b"GIF89a\x01\x00\x01\x00", "is damaged, or no BMP"),
        (zeros_png(0, 5), "it says that it is 0x5 pixels large"),
    ],
)
def test_the_error_names_file_and_problem(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    with pytest.raises(MediaError) as raised:
        read_picture(path)
    assert raised.value.source == str(path)
    assert problem in raised.value.problem
    assert str(raised.value) == f"{path} {raised.value.problem}"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"absent\.png cannot be read: No such file"):
        read_picture(tmp_path / "absent.png")


def test_an_unknown_format_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be encoded"):
        write_picture(tmp_path / "photo.xyz", np.zeros((4, 4, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=str(tmp_path / "file")):
        write_picture(tmp_path / "file" / "photo.png", np.zeros((4, 4, 3), np.uint8))
