"""The images and videos that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...media.files import (
    PICTURE_SUFFIXES,
    VIDEO_SUFFIXES,
    files_under,
    is_picture_file,
    is_video_file,
)

_KNOWN_SUFFIXES = (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES)
_KNOWN = " ".join(_KNOWN_SUFFIXES)


@dataclass(frozen=True)
class Input:
    """A picture or video that the command line names.

    Attributes:
        path: The file.
        folder: The folder in which it was found, relative to the folder that was named.
        is_video: Whether it is a video, by its name; otherwise it is a picture.
    """

    path: Path
    folder: Path
    is_video: bool


def find_inputs(paths: Sequence[Path]) -> tuple[list[Input], list[str]]:
    """The files that the paths name.

    A folder stands for all images and videos in it and in its folders, in the order of their
    names; hidden ones and other files are passed over.

    Args:
        paths: Files and folders.

    Returns:
        The files; and what is wrong with the paths that name none.
    """
    inputs: list[Input] = []
    problems: list[str] = []
    for path in paths:
        if path.is_dir():
            found = _in_folder(path)
            if not found:
                problems.append(f"the folder {path} holds no images or videos ({_KNOWN})")
            inputs += found
        elif not path.exists():
            problems.append(f"there is no file or folder {path}")
        elif path.suffix.lower() not in _KNOWN_SUFFIXES:
            problems.append(
                f"{path} has no known extension of an image or a video; known are {_KNOWN}"
            )
        else:
            inputs.append(_input(path, Path()))
    return inputs, problems


def _in_folder(folder: Path) -> list[Input]:
    return [
        _input(path, path.parent.relative_to(folder))
        for path in files_under(folder)
        if is_picture_file(path) or is_video_file(path)
    ]


def _input(path: Path, folder: Path) -> Input:
    return Input(path, folder, is_video=path.suffix.lower() in VIDEO_SUFFIXES)
