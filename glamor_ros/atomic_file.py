"""Files that are written whole or not at all, whatever interrupts the writing."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import GlamorError


class OutputError(GlamorError, OSError):
    """A file that cannot be written; the message names it and says why."""


def make_folder(folder: Path) -> None:
    """Make a folder with its parents, where it is not there.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(f"cannot make the folder {folder}: there is a file") from error
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, which takes its place when the block ends without an error.

    Raises:
        OutputError: It cannot be written; before the block begins if that can be known.
    """
    writer = f"{os.getpid()}.{threading.get_ident()}"
    partial = path.with_name(f".{path.stem}.{writer}.partial{path.suffix}")
    make_folder(path.parent)
    try:
        partial.touch()
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    try:
        yield partial
        partial.replace(path)
    except OutputError:
        raise
    except OSError as error:
        # An error while writing to an open file does not name it.
        if error.filename in (None, str(partial)):
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
        raise
    finally:
        partial.unlink(missing_ok=True)


def atomic_write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, with the folders above it.

    Raises:
        OutputError: It cannot be written.
    """
    with atomic_path(path) as partial:
        partial.write_bytes(content)
