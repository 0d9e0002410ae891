"""The videos of CAER, `<split>/<Class>/*.avi`: listing, measuring, and reading single frames."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...media.files import files_under, is_hidden, is_video_file
from ...media.pictures import BgrImage, MediaError
from ...media.videos import VideoReader
from ...network.emotions import EMOTIONS
from .caer import SPLITS, split_directory
from .samples import DatasetError, Skipped, emotion_index

_HASH_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Video:
    """A video of CAER with its label.

    Attributes:
        path: The file.
        split: One of SPLITS.
        emotion: The index of its class in EMOTIONS.
        name: The path below the class folder, without suffix and with `__` for each `/`.
    """

    path: Path
    split: str
    emotion: int
    name: str

    @property
    def key(self) -> str:
        """A name that is the same on every machine, wherever the dataset lies."""
        return f"{self.split}/{EMOTIONS[self.emotion]}/{self.name}"


@dataclass(frozen=True)
class VideoLength:
    """The length of a video as decoded; what the file's header says is often wrong.

    Attributes:
        frames: The number of frames that can be decoded.
        frames_per_s: The rate that the file states.
    """

    frames: int
    frames_per_s: float

    @property
    def duration_s(self) -> float:
        """How long the video plays, in seconds."""
        return self.frames / self.frames_per_s


def list_videos(root: Path) -> tuple[list[Video], list[Skipped]]:
    """The videos of CAER, and the files that belong to none of its classes.

    Args:
        root: The folder of the splits.

    Returns:
        All videos, those of train first, each split sorted by key; and what was left out.

    Raises:
        DatasetError: There is no video.
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
                elif not is_video_file(path):
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
    """The videos without repetitions: of those with the same bytes, only the first.

    So nothing that is in train is in another split, if train's videos come first.

    Args:
        videos: Videos in order of preference.

    Returns:
        The videos that are kept, in their order; and those left out.
    """
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
    """The length of a video, measured by decoding all of it.

    Raises:
        MediaError: The video cannot be opened, holds no frame, or states no rate.
    """
    with VideoReader(path) as reader:
        frames_per_s = reader.stated_rate_hz
        frames = 0
        while reader.skip():
            frames += 1
    if frames == 0:
        raise MediaError(path, "holds no frame that can be decoded")
    if frames_per_s is None:
        raise MediaError(path, "does not say how many frames a second it has")
    return VideoLength(frames, frames_per_s)


def read_frames(path: Path, numbers: Sequence[int]) -> Iterator[tuple[int, BgrImage]]:
    """Single frames of a video, found by counting from its start, since seeking is not exact.

    Args:
        path: The video.
        numbers: The numbers of the frames wanted, from 0.

    Yields:
        The number of each frame, ascending, and its image (H, W, 3), uint8, BGR.

    Raises:
        MediaError: The video cannot be opened, or breaks off before the last of them.
    """
    wanted = set(numbers)
    with VideoReader(path) as reader:
        for number in range(max(wanted, default=-1) + 1):
            if number not in wanted:
                if reader.skip():
                    continue
            elif (image := reader.read()) is not None:
                yield number, image
                continue
            raise MediaError(path, f"breaks off at frame {number}")


def _content_hash(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()
