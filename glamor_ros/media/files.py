"""Pictures and videos among the files of a folder, told by their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv")


def is_hidden(path: Path) -> bool:
    """Whether a file or folder is one that file managers hide or leave behind."""
    return path.name.startswith(".") or path.name.lower() in ("thumbs.db", "desktop.ini")


def is_picture_file(path: Path) -> bool:
    """Whether a file is a picture by its name, and not hidden."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not is_hidden(path)


def is_video_file(path: Path) -> bool:
    """Whether a file is a video by its name, and not hidden."""
    return path.suffix.lower() in VIDEO_SUFFIXES and not is_hidden(path)


def files_under(directory: Path) -> Iterator[Path]:
    """All files in a folder and in its folders, sorted by name; hidden ones are left out."""
    for path in sorted(directory.iterdir(), key=lambda entry: entry.name):
        if is_hidden(path):
            continue
        if path.is_dir():
            yield from files_under(path)
        else:
            yield path
