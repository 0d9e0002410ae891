"""Archives of named arrays in NumPy's .npz format."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GlamorError


class ArchiveError(GlamorError, ValueError):
    """An archive that cannot be read; the message says why, its reader adds the file's name."""


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an archive by name.

    Args:
        path: The .npz file. Nothing in it is unpickled.

    Raises:
        ArchiveError: The file is missing, truncated, damaged or no archive of plain arrays.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ArchiveError("it is one array, not an archive of several")
        with loaded as archive:
            return {name: archive[name] for name in archive.files}
    except ArchiveError:
        raise
    # zipfile tells of encryption and unknown compression by RuntimeError.
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ArchiveError(str(error)) from error
