"""The images and videos that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...media.recordings import IMAGE_SUFFIXES
from ...media.videos import VIDEO_SUFFIXES


@dataclass(frozen=True)
class Input:
    """One file. folder: where it was found, seen from the folder that was named."""

    path: Path
    folder: Path
    is_video: bool


def find_inputs(paths: Sequence[Path]) -> tuple[list[Input], list[str]]:
    """The files that the paths name, and what is wrong with the paths that name none.

    A folder stands for all images and videos in it and in its folders, in the order of their
    names; hidden ones and other files are passed over.
    """
    inputs: list[Input] = []
    problems: list[str] = []
    for path in paths:
        if path.is_dir():
            found = _in_folder(path)
            if not found:
                problems.append(f"the folder {path} holds no images or videos ({_known()})")
            inputs += found
        elif not path.exists():
            problems.append(f"there is no file or folder {path}")
        elif not _is_known(path):
            problems.append(
                f"{path} has no known extension of an image or a video; known are {_known()}"
            )
        else:
            inputs.append(_input(path, Path()))
    return inputs, problems


def _in_folder(folder: Path) -> list[Input]:
    relative = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [
        _input(folder / path, path.parent)
        for path in relative
        if _is_known(path) and not any(part.startswith(".") for part in path.parts)
    ]


def _input(path: Path, folder: Path) -> Input:
    return Input(path, folder, is_video=path.suffix.lower() in VIDEO_SUFFIXES)


def _is_known(path: Path) -> bool:
    return path.suffix.lower() in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)


def _known() -> str:
    return " ".join((*IMAGE_SUFFIXES, *VIDEO_SUFFIXES))
