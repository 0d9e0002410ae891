"""Finding and decoding the image files of a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import GlamorError

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})

_JPEG_START = b"\xff\xd8"
_JPEG_SCAN = b"\xff\xda"
_JPEG_END = b"\xff\xd9"


class ImageFileError(GlamorError, ValueError):
    """A file is missing, or is no whole image."""


def is_hidden(path: Path) -> bool:
    """What file managers leave behind, which belongs to no dataset."""
    return path.name.startswith(".") or path.name.lower() in ("thumbs.db", "desktop.ini")


def is_image_file(path: Path) -> bool:
    """By its name."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not is_hidden(path)


def files_under(directory: Path) -> Iterator[Path]:
    """All files below, hidden ones left out, sorted by their path."""
    for path in sorted(directory.iterdir(), key=lambda p: p.name):
        if is_hidden(path):
            continue
        if path.is_dir():
            yield from files_under(path)
        else:
            yield path


def read_image(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR, turned as its EXIF data says.

    Raises ImageFileError where the file cannot be read, is no image or breaks off.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImageFileError(f"cannot be read: {error.strerror or error}") from error
    if not content:
        raise ImageFileError("is empty")
    # The decoder fills what is missing of a JPEG with grey and says nothing to the caller.
    is_jpeg = content.startswith(_JPEG_START)
    if is_jpeg and content.rfind(_JPEG_END) < content.rfind(_JPEG_SCAN):
        raise ImageFileError("breaks off in the middle of the image")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ImageFileError(f"cannot be decoded: {error.err}") from error
    if image is None:
        raise ImageFileError("is damaged, or of a format that OpenCV cannot decode")
    return np.asarray(image, np.uint8)
