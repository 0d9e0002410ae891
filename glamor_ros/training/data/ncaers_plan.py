"""The plan of NCAER-S: which frame of which video goes into it (paper, section 4.1)."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType

from ...network.emotions import EMOTIONS
from .caer_videos import Video, VideoLength
from .samples import SettingsError

PART_S = 2.0
# Table 1 of the paper.
TRAINING_FRAMES: Mapping[str, int] = MappingProxyType(
    {
        "Anger": 2272,
        "Disgust": 3004,
        "Fear": 2902,
        "Happy": 1905,
        "Neutral": 3202,
        "Sad": 3084,
        "Surprise": 2186,
    }
)
# The largest class of Table 1 over its smallest.
MAX_IMBALANCE = max(TRAINING_FRAMES.values()) / min(TRAINING_FRAMES.values())

_Measured = tuple[Video, VideoLength]


@dataclass(frozen=True)
class PlanSettings:
    """The settings of the plan: how many frames are drawn, and from where.

    Attributes:
        seed: Decides the frames.
        part_s: The approximate length of the parts from each of which one frame is drawn, in
            seconds.
        shortest_part_s: The length to which the parts of a class may be cut where it stays below
            its number of frames; None: they are not cut. CAER's rare classes have so few clips that
            parts of 2 s do not reach Table 1: fear has about 360 for training, of 3.5 s, and 2902
            frames in Table 1.
        training_frames: The largest number of training frames of each class.
        max_imbalance: In every split, no class gets more than this many times the frames of the
            scarcest.
    """

    seed: int = 0
    part_s: float = PART_S
    shortest_part_s: float | None = None
    training_frames: Mapping[str, int] = field(default_factory=lambda: TRAINING_FRAMES)
    max_imbalance: float = MAX_IMBALANCE

    def __post_init__(self) -> None:
        if not 0 < self.least_part_s <= self.part_s:
            raise SettingsError(
                f"part_s is {self.part_s} and shortest_part_s {self.least_part_s}; they must be "
                "positive, the second not above the first"
            )
        if self.max_imbalance < 1:
            raise SettingsError(f"max_imbalance is {self.max_imbalance}; it must be at least 1")
        if set(self.training_frames) != set(EMOTIONS) or min(self.training_frames.values()) < 1:
            raise SettingsError(
                f"training_frames needs a positive number for each of {', '.join(EMOTIONS)}"
            )

    @property
    def least_part_s(self) -> float:
        """The shortest length of a part, in seconds."""
        return self.part_s if self.shortest_part_s is None else self.shortest_part_s


@dataclass(frozen=True, order=True)
class PlannedFrame:
    """One image of the new dataset.

    Attributes:
        split: One of SPLITS.
        emotion: The index of its class in EMOTIONS.
        video: The name of its video.
        part: The number of the video's part, from 0.
        frame: The number of the video's frame, from 0.
        time_s: The time of the frame in the video.
    """

    split: str
    emotion: int
    video: str
    part: int
    frame: int
    time_s: float

    @property
    def image(self) -> str:
        """The path of its file, in the layout of NCAER-S."""
        folder = f"images/{self.split}/{EMOTIONS[self.emotion]}"
        return f"{folder}/{self.video}_{self.frame:06d}.png"


def plan_frames(
    videos: Sequence[tuple[Video, VideoLength]], settings: PlanSettings
) -> list[PlannedFrame]:
    """The frames to extract, sorted; the same for the same videos in any order.

    Where a class has more frames than its share, all of its videos give one frame before any gives
    a second.

    Args:
        videos: The videos with their measured lengths.
        settings: How many frames are drawn, and from where.
    """
    classes: dict[str, dict[int, list[_Measured]]] = defaultdict(lambda: defaultdict(list))
    for video, length in videos:
        classes[video.split][video.emotion].append((video, length))
    planned = []
    for split, of_split in classes.items():
        wanted = _wanted(split, of_split, settings)
        part_s = {e: _part_length_s(of_split[e], wanted[e], settings) for e in of_split}
        reached = {e: min(wanted[e], _count(of_split[e], part_s[e])) for e in of_split}
        most = round(min(reached.values()) * settings.max_imbalance)
        for emotion, measured in of_split.items():
            offers = [_offer(*one, part_s[emotion], settings.seed) for one in measured]
            planned += _choose(offers, min(reached[emotion], most), settings.seed)
    return sorted(planned)


def part_edges(length: VideoLength, part_s: float) -> list[int]:
    """The first frames of a video's equal parts of about part_s seconds, and its frame count."""
    parts = min(max(round(length.duration_s / part_s), 1), length.frames)
    return [round(part * length.frames / parts) for part in range(parts + 1)]


def _count(measured: Iterable[_Measured], part_s: float) -> int:
    """The number of frames that the videos offer."""
    return sum(len(part_edges(length, part_s)) - 1 for _, length in measured)


def _wanted(
    split: str, of_split: Mapping[int, list[_Measured]], settings: PlanSettings
) -> dict[int, int]:
    """The number of frames of each class.

    The paper gives numbers for training alone. In the other splits all frames are taken, and the
    scarce classes are to come as near to the largest as max_imbalance demands.
    """
    if split == "train":
        return {emotion: settings.training_frames[EMOTIONS[emotion]] for emotion in of_split}
    counts = {emotion: _count(videos, settings.part_s) for emotion, videos in of_split.items()}
    least = round(max(counts.values()) / settings.max_imbalance)
    return {emotion: max(count, least) for emotion, count in counts.items()}


def _part_length_s(measured: list[_Measured], wanted: int, settings: PlanSettings) -> float:
    """The longest length of a part that gives the wanted number of frames, to about 5 %."""
    part_s = settings.part_s
    while part_s > settings.least_part_s and _count(measured, part_s) < wanted:
        part_s = max(part_s * 0.95, settings.least_part_s)
    return part_s


def _offer(video: Video, length: VideoLength, part_s: float, seed: int) -> list[PlannedFrame]:
    """One random frame of each part, which depends on this video, part_s and the seed alone."""
    edges = part_edges(length, part_s)
    # Drawn by a hash, which is the same whatever the versions of the libraries.
    frames = [
        first + int.from_bytes(_digest(seed, f"part {part}", video.key), "big") % (end - first)
        for part, (first, end) in enumerate(pairwise(edges))
    ]
    return [
        PlannedFrame(
            split=video.split,
            emotion=video.emotion,
            video=video.name,
            part=part,
            frame=frame,
            time_s=round(frame / length.frames_per_s, 3),
        )
        for part, frame in enumerate(frames)
    ]


def _choose(offers: list[list[PlannedFrame]], count: int, seed: int) -> list[PlannedFrame]:
    """One frame of every video, then a second of every video, and so on, in random order."""

    def drawn(frame: PlannedFrame) -> bytes:
        return _digest(seed, "choice", frame.image)

    ranked = [
        (rank, drawn(frame), frame)
        for frames in offers
        for rank, frame in enumerate(sorted(frames, key=drawn))
    ]
    return [frame for _, _, frame in sorted(ranked)[:count]]


def _digest(seed: int, purpose: str, name: str) -> bytes:
    return hashlib.sha256(f"{seed}|{purpose}|{name}".encode()).digest()
