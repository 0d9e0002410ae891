"""FER+: FER2013 faces with the votes of ten annotators (Barsoum et al., 2016).

The archive (.npz) holds images (N, 48, 48) uint8, votes (N, 10) uint8 and vote_columns (10,).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
    """images: (N, 48, 48) uint8 grey. distributions: (N, 7) float32, rows sum to 1."""

    images: NDArray[np.uint8]
    distributions: NDArray[np.float32]

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,), the class with the most votes among the seven."""
        return self.distributions.argmax(axis=1)

    def __len__(self) -> int:
        return len(self.images)


def load_ferplus(path: Path, ignore_single_votes: bool = False) -> LabelledFaces:
    """The faces whose most-voted column is one of the seven emotions.

    ignore_single_votes drops votes that one annotator alone gave, as noise, where another class
    has more. Raises ValueError for an archive without the expected columns.
    """
    with np.load(path, allow_pickle=False) as archive:
        missing = {"images", "votes", "vote_columns"} - set(archive.files)
        if missing:
            raise ValueError(f"{path} lacks {', '.join(sorted(missing))}: it is no FER+ archive")
        columns = [str(name) for name in archive["vote_columns"]]
        images, votes = archive["images"], archive["votes"].astype(np.float32)
    of_emotions = [columns.index(name) for name in FERPLUS_NAMES.values()]
    is_emotion = np.isin(votes.argmax(axis=1), of_emotions)
    votes = votes[is_emotion][:, of_emotions]
    if ignore_single_votes:
        votes = np.where((votes == 1) & (votes.max(axis=1, keepdims=True) > 1), 0, votes)
    return LabelledFaces(
        images[is_emotion], (votes / votes.sum(axis=1, keepdims=True)).astype(np.float32)
    )
