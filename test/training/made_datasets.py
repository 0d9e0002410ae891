"""Small datasets in memory whose labels depend on known parts of the pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glamor_ros.training.data.emotion_dataset import Batch, EmotionDataset, Indices, as_batch

COLOURS = np.array([[220, 40, 40], [40, 200, 60], [50, 70, 230]], np.uint8)


class ArrayDataset(EmotionDataset):
    """faces, contexts: (N, h, w, 3) uint8 RGB. distributions: (N, 7)."""

    def __init__(
        self,
        faces: NDArray[np.uint8],
        contexts: NDArray[np.uint8],
        distributions: NDArray[np.float32],
    ) -> None:
        self._faces, self._contexts, self._distributions = faces, contexts, distributions

    @property
    def distributions(self) -> NDArray[np.float32]:
        return self._distributions

    @property
    def names(self) -> Sequence[str]:
        return [f"sample {index}" for index in range(len(self._faces))]

    def batch(self, indices: Indices) -> Batch:
        chosen = np.asarray(indices, np.int64)
        return as_batch(self._faces[chosen], self._contexts[chosen], self._distributions[chosen])


def one_hot_rows(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.eye(7, dtype=np.float32)[labels]


def noise(count: int, size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    return rng.integers(90, 150, (count, size, size, 3), dtype=np.uint8)


def _paint(pictures: NDArray[np.uint8], colours: NDArray[np.int64]) -> None:
    """A square in the middle."""
    low, high = pictures.shape[1] // 4, 3 * pictures.shape[1] // 4
    pictures[:, low:high, low:high] = COLOURS[colours][:, None, None]


def face_and_context_dataset(count: int, seed: int) -> ArrayDataset:
    """Four classes: two colours of the face times two of the context. Needs both."""
    rng = np.random.default_rng(seed)
    faces, contexts = noise(count, 32, rng), noise(count, 32, rng)
    of_face, of_context = rng.integers(0, 2, (2, count))
    _paint(faces, of_face)
    _paint(contexts, of_context)
    return ArrayDataset(faces, contexts, one_hot_rows(2 * of_face + of_context))


def context_dataset(count: int, seed: int) -> ArrayDataset:
    """The context's colour is the label; the faces are noise."""
    rng = np.random.default_rng(seed)
    faces, contexts = noise(count, 32, rng), noise(count, 32, rng)
    labels = rng.permutation(np.arange(count) % 3)
    _paint(contexts, labels)
    return ArrayDataset(faces, contexts, one_hot_rows(labels))


def relation_dataset(pairs: int, seed: int) -> ArrayDataset:
    """Which of the marks in the context counts is said by the face alone.

    Each context has a mark with a white frame and one with a black frame, in two of its quarters,
    of different colours. A light face means the white frame's, a dark face the black one's; the
    label is the colour. Every context is there twice, with either face, so its two samples have
    different labels, and whoever looks at the context alone is right in half of them at most.
    """
    rng = np.random.default_rng(seed)
    contexts = noise(pairs, 32, rng)
    colours = np.stack([rng.permutation(3)[:2] for _ in range(pairs)])
    for context, pair in zip(contexts, colours, strict=True):
        places = rng.permutation(4)[:2]
        for frame, colour, place in zip((255, 0), pair, places, strict=True):
            row, column = 16 * (place // 2), 16 * (place % 2)
            context[row + 1 : row + 15, column + 1 : column + 15] = frame
            context[row + 4 : row + 12, column + 4 : column + 12] = COLOURS[colour]
    faces = noise(2 * pairs, 32, rng)
    counts = np.tile([0, 1], pairs)
    faces[:, 8:24, 8:24] = np.where(counts == 0, 230, 25)[:, None, None, None]
    labels = colours[np.repeat(np.arange(pairs), 2), counts]
    return ArrayDataset(faces, np.repeat(contexts, 2, axis=0), one_hot_rows(labels))
