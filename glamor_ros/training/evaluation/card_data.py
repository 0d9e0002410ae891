"""The images of which a model card tells, and those on which choices are made before.

Both are kept out of the training. Whoever chooses between recipes, thresholds or temperatures looks
at "choice" alone; "held_out" is measured once, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import GlamorError
from ..data.facial_expressions import read_facial_expressions
from ..data.ferplus import LabelledFaces, load_ferplus
from ..data.identity_split import split_by_identity
from .photographs import Photographs

HELD_OUT, CHOICE = SPLITS = ("held_out", "choice")
FERPLUS, HEADS = DATASETS = ("ferplus", "heads")

FERPLUS_CHOICE_FACES = 1400
_FERPLUS_SEED = 20
_HELD_OUT_IDENTITIES, _HELD_OUT_SEED = 0.3, 0
_CHOICE_IDENTITIES, _CHOICE_SEED = 0.15, 5


class CardDataError(GlamorError, ValueError):
    """A name, split or path of data that a model card cannot be measured on."""


def ferplus_faces(archive: Path, split: str) -> LabelledFaces:
    """The faces of a FER+ archive that are measured.

    Args:
        archive: FER+'s validation faces for "held_out", its training faces for "choice".
        split: "held_out", all faces of the archive; or "choice", FERPLUS_CHOICE_FACES of them.

    Raises:
        DatasetError: The archive cannot be used.
        CardDataError: There is no such split, or the archive is too small for it.
    """
    _require_split(split)
    if split == HELD_OUT:
        return load_ferplus(archive)
    faces = load_ferplus(archive, ignore_single_votes=True)
    if len(faces) <= FERPLUS_CHOICE_FACES:
        raise CardDataError(
            f"{archive} has {len(faces)} faces; '{CHOICE}' takes {FERPLUS_CHOICE_FACES} of FER+'s "
            "training faces: give their archive"
        )
    order = np.random.default_rng(_FERPLUS_SEED).permutation(len(faces))
    chosen = np.sort(order[:FERPLUS_CHOICE_FACES])
    return LabelledFaces(faces.images[chosen], faces.distributions[chosen])


def heads_photographs(directory: Path, split: str) -> Photographs:
    """The photographs of a folder like facial_expressions that are measured.

    Args:
        directory: See `read_facial_expressions`.
        split: "held_out", 30 % of the identities; or "choice", 15 % of the others.

    Raises:
        DatasetError: The folder cannot be used.
        CardDataError: There is no such split.
    """
    _require_split(split)
    identified = read_facial_expressions(directory)
    samples = identified.sample_set.samples
    everything = Photographs(
        [sample.image for sample in samples],
        np.array([sample.label for sample in samples], np.int64),
        identified.identities,
    )
    training, held_out = _parts(everything, _HELD_OUT_IDENTITIES, _HELD_OUT_SEED)
    if split == HELD_OUT:
        return held_out
    return _parts(training, _CHOICE_IDENTITIES, _CHOICE_SEED)[1]


def parsed_data(options: list[str]) -> Mapping[str, Path]:
    """The paths of data sets by name, from texts like "ferplus=/data/ferplus_valid.npz".

    Raises:
        CardDataError: A text is none, names no known data set, or names one twice.
    """
    paths: dict[str, Path] = {}
    for option in options:
        name, separator, path = option.partition("=")
        if not separator or not path or name not in DATASETS:
            raise CardDataError(
                f"{option!r} names no data: give {' and '.join(f'{d}=PATH' for d in DATASETS)}"
            )
        if name in paths:
            raise CardDataError(f"{name} is given twice: {paths[name]} and {path}")
        paths[name] = Path(path)
    return paths


def _parts(photographs: Photographs, share: float, seed: int) -> tuple[Photographs, Photographs]:
    first, second = split_by_identity(
        photographs.labels, photographs.identities, (1 - share, share), seed
    )
    return photographs.subset(first), photographs.subset(second)


def _require_split(split: str) -> None:
    if split not in SPLITS:
        raise CardDataError(f"there is no split {split!r}; there are {', '.join(SPLITS)}")
