"""Pictures in and out: the one reader and the one writer of picture files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from ..atomic_file import atomic_write
from ..errors import GlamorError
from .jpeg_holes import has_hole
from .picture_formats import FORMATS, picture_header

# uint8; the type hints of OpenCV say no more than this.
BgrImage: TypeAlias = NDArray[Any]

MAX_PIXELS = 100_000_000


class MediaError(GlamorError, ValueError):
    """A picture, video, folder or camera that cannot be used.

    Attributes:
        source: What was to be read, as the user knows it: a file, a folder, "webcam 0".
        problem: What is wrong with it, and what to do; "<source> <problem>" is a sentence.
    """

    def __init__(self, source: str | Path, problem: str) -> None:
        super().__init__(source, problem)
        self.source = str(source)
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.source} {self.problem}"


def read_picture(path: Path, *, max_pixels: int = MAX_PIXELS) -> BgrImage:
    """A picture file's content, turned upright as its EXIF data says.

    Args:
        path: A file of one of PICTURE_SUFFIXES; what it holds is told by its content.
        max_pixels: Larger pictures are refused before they are decoded.

    Returns:
        The picture, (H, W, 3), uint8, BGR.

    Raises:
        MediaError: The file cannot be read, is no picture, is damaged, breaks off, or is too large.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MediaError(path, f"cannot be read: {error.strerror or error}") from error
    return decode_picture(content, path, max_pixels=max_pixels)


def decode_picture(
    content: bytes,
    source: str | Path,
    *,
    imread_flags: int = cv2.IMREAD_COLOR,
    max_pixels: int = MAX_PIXELS,
) -> BgrImage:
    """The picture in the bytes of a file, which must be whole.

    Args:
        content: The whole file.
        source: What errors call it.
        imread_flags: OpenCV's cv2.IMREAD_...
        max_pixels: Larger pictures are refused before they are decoded.

    Returns:
        The picture as OpenCV gives it: by default (H, W, 3), uint8, BGR, turned upright.

    Raises:
        MediaError: The bytes are no picture, are damaged, break off, or hold too large a one.
    """
    require_decodable(content, source, max_pixels)

    def decode(of_picture: bytes) -> BgrImage | None:
        return cv2.imdecode(np.frombuffer(of_picture, np.uint8), imread_flags)

    try:
        image = decode(content)
        if image is None:
            raise MediaError(source, "is damaged: OpenCV cannot decode it")
        if has_hole(content, image, decode):
            raise MediaError(source, "is damaged: there is a hole in its data")
    except cv2.error as error:
        raise MediaError(source, f"cannot be decoded: {error.err}") from error
    return image


def require_decodable(content: bytes, source: str | Path, max_pixels: int) -> None:
    """Refuse what a decoder would fill with grey, or would take all memory for.

    Raises:
        MediaError: The bytes are of no known format, break off, or say that they hold more than
            `max_pixels`.
    """
    if not content:
        raise MediaError(source, "is empty")
    header = picture_header(content)
    if header is None:
        raise MediaError(source, f"is damaged, or no {FORMATS} picture")
    require_size(header.width, header.height, source, max_pixels)
    if not header.is_whole:
        raise MediaError(source, "breaks off in the middle of the picture: it is truncated")


def require_size(width: int, height: int, source: str | Path, max_pixels: int) -> None:
    """Refuse a size that cannot be, or would need too much memory.

    Raises:
        MediaError: There is no pixel, or there are more than `max_pixels`.
    """
    if width <= 0 or height <= 0:
        raise MediaError(source, f"is damaged: it says that it is {width}x{height} pixels large")
    if width * height > max_pixels:
        raise MediaError(
            source,
            f"is too large: {width}x{height} are {width * height / 1e6:.1f} megapixels, and the "
            f"limit is {max_pixels / 1e6:g}; shrink it first",
        )


def write_picture(path: Path, picture: BgrImage) -> None:
    """Write a picture file whole or not at all; folders above are made.

    Args:
        path: Where to; its suffix, one of PICTURE_SUFFIXES, says which format.
        picture: (H, W, 3), uint8, BGR.

    Raises:
        MediaError: OpenCV cannot write such a picture in this format.
        OutputError: The file cannot be written.
    """
    try:
        is_encoded, encoded = cv2.imencode(path.suffix, picture)
    except cv2.error as error:
        raise MediaError(path, f"cannot be encoded: {error.err}") from error
    if not is_encoded:
        raise MediaError(path, f"cannot be encoded as {path.suffix}")
    atomic_write(path, encoded.tobytes())
