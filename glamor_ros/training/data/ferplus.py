"""FER+: FER2013 faces with the votes of ten annotators (Barsoum et al., 2016).

The archive (.npz) holds images (N, 48, 48) uint8, votes (N, 10) uint8 and vote_columns (10,), which
names the columns of the votes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...network.emotions import EMOTIONS
from ..npz_archive import ArchiveError, read_npz
from .samples import DatasetError

SIDE_PX = 48

FERPLUS_NAMES = {
    "Anger": "anger",
    "Disgust": "disgust",
    "Fear": "fear",
    "Happy": "happiness",
    "Neutral": "neutral",
    "Sad": "sadness",
    "Surprise": "surprise",
}


@dataclass(frozen=True)
class LabelledFaces:
    """Grey faces with their labels.

    Attributes:
        images: (N, 48, 48), uint8.
        distributions: (N, 7), float32, rows sum to 1.
    """

    images: NDArray[np.uint8]
    distributions: NDArray[np.float32]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class with the most votes among the seven, (N,)."""
        return self.distributions.argmax(axis=1)

    def __len__(self) -> int:
        return len(self.images)


def load_ferplus(path: Path, ignore_single_votes: bool = False) -> LabelledFaces:
    """The faces whose most-voted column is one of the seven emotions.

    Args:
        path: The archive.
        ignore_single_votes: Whether votes that one annotator alone gave are dropped, as noise,
            where another class has more.

    Raises:
        DatasetError: The archive is missing, truncated or damaged, holds other arrays, or no face
            with one of the emotions.
    """
    images, votes, columns = _read_archive(path)
    of_emotions = [columns.index(name) for name in FERPLUS_NAMES.values()]
    is_emotion = np.isin(votes.argmax(axis=1), of_emotions) & (votes.max(axis=1) > 0)
    if not is_emotion.any():
        raise DatasetError(f"{path} holds no face with one of {', '.join(EMOTIONS)}")
    votes = votes[is_emotion][:, of_emotions]
    if ignore_single_votes:
        votes = np.where((votes == 1) & (votes.max(axis=1, keepdims=True) > 1), 0, votes)
    return LabelledFaces(
        images[is_emotion], (votes / votes.sum(axis=1, keepdims=True)).astype(np.float32)
    )


def _read_archive(
    path: Path,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], list[str]]:
    expected = (
        f"a FER+ archive holds images (N, {SIDE_PX}, {SIDE_PX}) and votes (N, C), both uint8, and "
        f"vote_columns (C,) with the names {', '.join(FERPLUS_NAMES.values())}; make or fetch it "
        "again"
    )
    if not path.is_file():
        raise DatasetError(f"there is no {path}; {expected}")
    try:
        archive = read_npz(path)
    except ArchiveError as error:
        raise DatasetError(f"{path} cannot be read: {error}; {expected}") from error
    missing = {"images", "votes", "vote_columns"} - set(archive)
    if missing:
        raise DatasetError(f"{path} lacks {', '.join(sorted(missing))}: {expected}")
    images, votes, names = archive["images"], archive["votes"], archive["vote_columns"]
    columns = [str(name) for name in names.ravel()]
    unnamed = sorted(set(FERPLUS_NAMES.values()) - set(columns))
    if unnamed:
        raise DatasetError(f"{path}: vote_columns lacks {', '.join(unnamed)}; {expected}")
    count = len(votes) if votes.ndim else 0
    shapes = {"images": (count, SIDE_PX, SIDE_PX), "votes": (count, len(columns))}
    for name, shape in shapes.items():
        if archive[name].shape != shape or archive[name].dtype != np.uint8:
            raise DatasetError(
                f"{path}: {name} is {archive[name].dtype} {archive[name].shape}; {expected}"
            )
    return images, votes.astype(np.float32), columns
