"""Packed faces: several sets of face crops in one small file, to carry to another machine.

An .npz archive with `format` and, for each set "<dataset>.<split>", arrays of that name and
    .pictures: uint8, the sheets one after the other, each a WebP picture of ROWS x COLUMNS crops
        side by side, filled row by row (the last one is smaller),
    .picture_bytes (sheets,), int64: their lengths,
    .shape (4,), int64: crops, height, width, channels,
    .distributions (N, 7), float32; .names (N,), text; and .boxes (N, D, 3), float16, if there are
        boxes.
Nothing in it is unpickled. The pictures are lossy.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...atomic_file import atomic_path
from ..npz_archive import ArchiveError, read_npz
from .face_crops import FaceCrops
from .samples import DatasetError, SettingsError

FORMAT = "glamor_ros.packed_faces.1"
ROWS, COLUMNS = 16, 16


@dataclass(frozen=True)
class PackingQuality:
    """How exactly pictures are packed.

    Attributes:
        grey: The WebP quality of grey crops, 1 to 100.
        colour: The WebP quality of crops in colour, 1 to 100.
    """

    grey: int = 92
    colour: int = 90

    def __post_init__(self) -> None:
        for name in ("grey", "colour"):
            if not 1 <= getattr(self, name) <= 100:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be 1 to 100")


def pack_faces(
    sets: Mapping[tuple[str, str], FaceCrops], path: Path, quality: PackingQuality
) -> None:
    """Write sets of crops into one file, whole or not at all.

    Args:
        sets: The crops by the names of dataset and split.
        path: Where to, .npz.
        quality: How exactly.

    Raises:
        SettingsError: The name of the file does not end in .npz.
        OutputError: It cannot be written.
    """
    if path.suffix != ".npz":
        raise SettingsError(f"{path} must end in .npz")
    arrays: dict[str, Any] = {"format": np.array(FORMAT)}
    for (dataset, split), crops in sets.items():
        sheets = _sheets(crops.images, quality)
        arrays |= {
            f"{dataset}.{split}.pictures": np.frombuffer(b"".join(sheets), np.uint8),
            f"{dataset}.{split}.picture_bytes": np.array([len(sheet) for sheet in sheets]),
            f"{dataset}.{split}.shape": np.array(crops.images.shape),
            f"{dataset}.{split}.distributions": crops.distributions,
            f"{dataset}.{split}.names": np.array(crops.names),
        }
        if crops.boxes is not None:
            arrays[f"{dataset}.{split}.boxes"] = crops.boxes.astype(np.float16)
    with atomic_path(path) as partial:
        np.savez_compressed(partial, **arrays)


def is_packed(path: Path) -> bool:
    """Whether there is a file of packed faces."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "format.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def load_packed(path: Path, dataset: str, split: str) -> FaceCrops:
    """One set of crops.

    Raises:
        DatasetError: The file is damaged, of another format, or does not hold this set.
    """
    try:
        archive = read_npz(path)
    except ArchiveError as error:
        raise DatasetError(f"{path} cannot be read: {error}; pack it again") from error
    found = str(archive["format"])
    if found != FORMAT:
        raise DatasetError(f"{path} has the format '{found}', expected '{FORMAT}'; pack it again")
    inside = {
        name.removeprefix(f"{dataset}.{split}."): values
        for name, values in archive.items()
        if name.startswith(f"{dataset}.{split}.")
    }
    if not inside:
        sets = sorted({name.rpartition(".")[0] for name in archive if "." in name})
        raise DatasetError(f"{path} holds no '{dataset}.{split}', only {', '.join(sets)}")
    try:
        boxes = inside.get("boxes")
        return FaceCrops(
            _crops(inside["pictures"], inside["picture_bytes"], inside["shape"]),
            None if boxes is None else boxes.astype(np.float32),
            inside["distributions"],
            tuple(map(str, inside["names"])),
        )
    except (KeyError, ValueError, cv2.error) as error:
        raise DatasetError(f"{path} is damaged ({error}); pack it again") from error


def _sheets(images: NDArray[np.uint8], quality: PackingQuality) -> list[bytes]:
    _, height, width, channels = images.shape
    setting = quality.grey if channels == 1 else quality.colour
    sheets = []
    for start in range(0, len(images), ROWS * COLUMNS):
        some = images[start : start + ROWS * COLUMNS]
        rows = -(-len(some) // COLUMNS)
        cells = np.zeros((rows * COLUMNS, height, width, channels), np.uint8)
        cells[: len(some)] = some
        sheet = cells.reshape(rows, COLUMNS, height, width, channels).swapaxes(1, 2)
        sheet = sheet.reshape(rows * height, COLUMNS * width, channels)
        sheet = np.repeat(sheet, 3, axis=2) if channels == 1 else sheet[..., ::-1]
        _, encoded = cv2.imencode(
            ".webp", np.ascontiguousarray(sheet), [cv2.IMWRITE_WEBP_QUALITY, setting]
        )
        sheets.append(encoded.tobytes())
    return sheets


def _crops(
    pictures: NDArray[np.uint8], lengths: NDArray[np.int64], shape: NDArray[np.int64]
) -> NDArray[np.uint8]:
    count, height, width, channels = (int(size) for size in shape)
    if len(lengths) != -(-count // (ROWS * COLUMNS)) or lengths.sum() != len(pictures):
        raise ValueError("its pictures are not as many as its crops need")
    images = np.empty((count, height, width, channels), np.uint8)
    for number, content in enumerate(np.split(pictures, np.cumsum(lengths)[:-1])):
        of_sheet = images[number * ROWS * COLUMNS : (number + 1) * ROWS * COLUMNS]
        sheet = cv2.imdecode(content, cv2.IMREAD_COLOR)
        rows = -(-len(of_sheet) // COLUMNS)
        if sheet is None or sheet.shape != (rows * height, COLUMNS * width, 3):
            raise ValueError(f"picture {number} is broken")
        sheet = sheet[..., :1] if channels == 1 else sheet[..., ::-1]
        cells = sheet.reshape(rows, height, COLUMNS, width, channels).swapaxes(1, 2)
        of_sheet[:] = cells.reshape(-1, height, width, channels)[: len(of_sheet)]
    return images
