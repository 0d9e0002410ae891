"""The videos of CAER, `<split>/<Class>/*.avi`: listing, measuring, and reading single frames."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import GlamorError
from ...media.pictures import files_under, is_hidden
from ...network.emotions import EMOTIONS
from .caer import SPLITS, split_directory
from .samples import DatasetError, Skipped, emotion_index

VIDEO_SUFFIXES = frozenset({".avi", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"})
_HASH_CHUNK_BYTES = 1 << 20


class VideoError(GlamorError, ValueError):
    """A video cannot be opened, or holds no frame."""


@dataclass(frozen=True)
class Video:
    """name: the path below the class folder, without suffix, `/` as `__`."""

    path: Path
    split: str
    emotion: int
    name: str

    @property
    def key(self) -> str:
        """The same on every machine, whatever the root."""
        return f"{self.split}/{EMOTIONS[self.emotion]}/{self.name}"


@dataclass(frozen=True)
class VideoLength:
    """As decoded: what the file's header says is often wrong."""

    frames: int
    frames_per_s: float

    @property
    def duration_s(self) -> float:
        return self.frames / self.frames_per_s


def list_videos(root: Path) -> tuple[list[Video], list[Skipped]]:
    """All videos, train first, then by their keys; and the files that belong to none.

    Raises DatasetError where there is no video.
    """
    videos: dict[str, Video] = {}
    skipped: list[Skipped] = []
    for split in SPLITS:
        directory = split_directory(root, split)
        for folder in sorted(directory.iterdir()) if directory else []:
            if is_hidden(folder):
                continue
            emotion = emotion_index(folder.name) if folder.is_dir() else None
            for path in files_under(folder) if folder.is_dir() else [folder]:
                if emotion is None:
                    skipped.append(Skipped(str(path), "lies in no folder of the seven classes"))
                elif path.suffix.lower() not in VIDEO_SUFFIXES:
                    skipped.append(Skipped(str(path), "is no video by its name"))
                else:
                    name = "__".join(path.relative_to(folder).with_suffix("").parts)
                    video = Video(path, split, emotion, name)
                    known = videos.setdefault(video.key, video)
                    if known != video:
                        skipped.append(Skipped(str(path), f"has the name of {known.path}"))
    if not videos:
        raise DatasetError(
            f"there is no video in {root}; expected <split>/<Class>/*.avi with the splits "
            f"{', '.join(SPLITS)}"
        )
    return sorted(videos.values(), key=lambda v: (SPLITS.index(v.split), v.key)), skipped


def without_copies(videos: Iterable[Video]) -> tuple[list[Video], list[Skipped]]:
    """Of videos with the same bytes only the first: what is in train is in no other split."""
    by_size: dict[int, list[Video]] = defaultdict(list)
    ordered = list(videos)
    for video in ordered:
        by_size[video.path.stat().st_size].append(video)
    firsts: dict[bytes, Video] = {}
    copies: dict[Video, Video] = {}
    for same_size in by_size.values():
        for video in same_size if len(same_size) > 1 else []:
            first = firsts.setdefault(_content_hash(video.path), video)
            if first != video:
                copies[video] = first
    kept = [video for video in ordered if video not in copies]
    skipped = [
        Skipped(str(copy.path), f"is the same video as {first.path}")
        for copy, first in copies.items()
    ]
    return kept, skipped


def measure(path: Path) -> VideoLength:
    """Decodes the whole video. Raises VideoError."""
    with _Capture(path) as capture:
        frames_per_s = capture.get(cv2.CAP_PROP_FPS)
        frames = 0
        while capture.grab():
            frames += 1
    if frames == 0:
        raise VideoError("holds no frame that can be decoded")
    if not 0 < frames_per_s < 1000:
        raise VideoError(f"says that it has {frames_per_s:g} frames a second")
    return VideoLength(frames, frames_per_s)


def read_frames(path: Path, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """(number, BGR image) of the frames, ascending; counted from the start, never sought.

    Raises VideoError where the video ends or breaks before the last of them.
    """
    wanted = set(numbers)
    with _Capture(path) as capture:
        for number in range(max(wanted, default=-1) + 1):
            read = capture.grab()
            if read and number in wanted:
                read, image = capture.retrieve()
                if read:
                    yield number, np.asarray(image, np.uint8)
            if not read:
                raise VideoError(f"breaks off at frame {number}")


class _Capture:
    """An OpenCV video that is closed at the end."""

    def __init__(self, path: Path) -> None:
        self._capture = cv2.VideoCapture(str(path))

    def __enter__(self) -> cv2.VideoCapture:
        if not self._capture.isOpened():
            raise VideoError("cannot be opened as a video")
        return self._capture

    def __exit__(self, *_: object) -> None:
        self._capture.release()


def _content_hash(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()
