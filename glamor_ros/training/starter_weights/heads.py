"""Photographs of heads with a label and an identity, held in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...media.pictures import read_picture
from ..data.facial_expressions import read_facial_expressions
from ..data.identity_split import split_by_identity

STORED_SIZE_PX = 112
HELD_OUT_IDENTITIES = 0.3


@dataclass(frozen=True)
class Heads:
    """Photographs of heads, held in memory.

    Attributes:
        paths: The files.
        faces: The whole photographs, (N, 3, 112, 112), uint8, RGB.
        labels: (N,), int64.
        identities: The person in each photograph.
    """

    paths: tuple[Path, ...]
    faces: Tensor
    labels: Tensor
    identities: tuple[str, ...]

    def subset(self, index: NDArray[np.int64]) -> Heads:
        """The photographs at these places."""
        return Heads(
            tuple(self.paths[i] for i in index),
            self.faces[index],
            self.labels[index],
            tuple(self.identities[i] for i in index),
        )

    def __len__(self) -> int:
        return len(self.paths)


def load_heads(directory: Path) -> Heads:
    """All photographs of a folder that is laid out as `facial_expressions` describes it.

    Raises:
        DatasetError: The folder is no such dataset.
        MediaError: A photograph cannot be read.
    """
    identified = read_facial_expressions(directory)
    samples = identified.sample_set.samples
    return Heads(
        tuple(sample.image for sample in samples),
        torch.from_numpy(np.stack([_read(sample.image) for sample in samples])).permute(0, 3, 1, 2),
        torch.tensor([sample.label for sample in samples]),
        identified.identities,
    )


def _read(path: Path) -> NDArray[np.uint8]:
    small = cv2.resize(
        read_picture(path), (STORED_SIZE_PX, STORED_SIZE_PX), interpolation=cv2.INTER_AREA
    )
    return cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.uint8)


def train_and_test_index(
    labels: NDArray[np.int64], identities: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the photographs to train on and to test on; nobody appears in both.

    Args:
        labels: The class of each photograph, (N,).
        identities: The person in each photograph.

    Returns:
        The places of both parts, ascending. The second has HELD_OUT_IDENTITIES of each class, as
        well as whole identities allow.
    """
    fractions = 1 - HELD_OUT_IDENTITIES, HELD_OUT_IDENTITIES
    train, test = split_by_identity(labels, identities, fractions, seed=0)
    return train, test


def train_and_test(heads: Heads) -> tuple[Heads, Heads]:
    """The two parts of `train_and_test_index`."""
    train, test = train_and_test_index(heads.labels.numpy(), heads.identities)
    return heads.subset(train), heads.subset(test)
