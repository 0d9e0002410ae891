"""Crop files: the box of the face in one image, `x1,y1,x2,y2` in pixels.

`0,0,0,0` says that no face was found. This is the format of NCAER-S. x2 and y2 are the detector's
last pixels, but the released code cuts image[y1:y2, x1:x2]: they are edges here as there.
"""

from __future__ import annotations

import math
from pathlib import Path

from ...atomic_file import atomic_write
from ...errors import GlamorError
from ...perception.geometry import Box

CROP_SUFFIX = ".txt"


class CropFileError(GlamorError, ValueError):
    """A crop file that is missing or holds no box."""


def box_of_edges(edges: tuple[float, float, float, float]) -> Box | None:
    """The box with these edges; None for four zeros, which stand for no face.

    Args:
        edges: Left, top, right and bottom, in pixels.

    Raises:
        ValueError: The edges enclose nothing, or are not finite.
    """
    if not any(edges):
        return None
    box = Box(*edges)
    if not all(map(math.isfinite, edges)) or box.width <= 0 or box.height <= 0:
        raise ValueError(f"the box {','.join(f'{edge:g}' for edge in edges)} is empty")
    return box


def read_crop_file(path: Path) -> Box | None:
    """The box in a crop file; None where no face was found.

    Raises:
        CropFileError: The file is missing, cannot be read, or holds no box.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise CropFileError(f"there is no crop file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CropFileError(f"the crop file {path} cannot be read: {error}") from error
    try:
        left, top, right, bottom = (float(edge) for edge in text.split(","))
    except ValueError as error:
        raise CropFileError(
            f"the crop file {path} holds {text[:40]!r}, expected x1,y1,x2,y2"
        ) from error
    try:
        return box_of_edges((left, top, right, bottom))
    except ValueError as error:
        raise CropFileError(f"the crop file {path}: {error}") from error


def write_crop_file(path: Path, box: Box | None) -> None:
    """Write a crop file, whole or not at all, its edges rounded to whole pixels.

    Args:
        path: Where to.
        box: The face; None where none was found.

    Raises:
        OutputError: The file cannot be written.
    """
    edges = (box.left, box.top, box.right, box.bottom) if box else (0, 0, 0, 0)
    atomic_write(path, ",".join(str(round(edge)) for edge in edges).encode())
