"""Photographs of heads with a label and an identity: images/<Class>/*.jpg and labels.csv."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...network.emotions import EMOTIONS

STORED_SIZE_PX = 112


@dataclass(frozen=True)
class Heads:
    """faces: (N, 3, 112, 112), uint8, RGB, the whole photographs. labels: (N,), int64."""

    paths: tuple[Path, ...]
    faces: Tensor
    labels: Tensor
    identities: tuple[str, ...]

    def subset(self, chosen: NDArray[np.bool_]) -> Heads:
        """The photographs where chosen (N,) is true."""
        index = np.flatnonzero(chosen).tolist()
        return Heads(
            tuple(self.paths[i] for i in index),
            self.faces[index],
            self.labels[index],
            tuple(self.identities[i] for i in index),
        )

    def __len__(self) -> int:
        return len(self.paths)


def load_heads(directory: Path) -> Heads:
    """All photographs that labels.csv (columns emotion, image, identity) names.

    Raises ValueError for a label that is none of the seven or a photograph that cannot be read.
    """
    with (directory / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    unknown = {row["emotion"] for row in rows} - set(EMOTIONS)
    if unknown:
        raise ValueError(f"{directory}/labels.csv has unknown emotions: {sorted(unknown)}")
    paths = tuple(directory / "images" / row["emotion"] / row["image"] for row in rows)
    return Heads(
        paths,
        torch.from_numpy(np.stack([_read(path) for path in paths])).permute(0, 3, 1, 2),
        torch.tensor([EMOTIONS.index(row["emotion"]) for row in rows]),
        tuple(row["identity"] for row in rows),
    )


def _read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path))
    if image is None:
        raise ValueError(f"{path} is missing or no readable image")
    small = cv2.resize(image, (STORED_SIZE_PX, STORED_SIZE_PX), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.uint8)


def held_out(heads: Heads, fraction: float, seed: int = 0) -> NDArray[np.bool_]:
    """(N,): true for the photographs of a random fraction of the identities."""
    names = sorted(set(heads.identities))
    order = np.random.default_rng(seed).permutation(len(names))
    chosen = {names[i] for i in order[: round(fraction * len(names))]}
    return np.array([identity in chosen for identity in heads.identities])
