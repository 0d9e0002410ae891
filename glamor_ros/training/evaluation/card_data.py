"""The images of which a model card tells, and those on which choices are made before.

Both are kept out of the training. Whoever chooses between recipes, thresholds or temperatures looks
at the split "choice" alone; "held_out" is measured once, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import GlamorError
from ..data.face_splits import CHOICE, HELD_OUT, FaceSplits
from ..data.facial_expressions import read_facial_expressions
from ..data.open_faces import FACE_DATASETS
from .photographs import Photographs

CARD_SPLITS = (HELD_OUT, CHOICE)


class CardDataError(GlamorError, ValueError):
    """A name, split or path of data that a model card cannot be measured on."""


def heads_photographs(
    directory: Path, split: str, splits: FaceSplits = FaceSplits()
) -> Photographs:
    """The photographs of a folder like facial_expressions that are measured.

    Args:
        directory: See `read_facial_expressions`.
        split: One of CARD_SPLITS.
        splits: How the people are divided.

    Raises:
        DatasetError: The folder cannot be used.
        SettingsError: There are too few people in it.
    """
    identified = read_facial_expressions(directory)
    labels, identities = identified.labels, identified.identities
    paths = [sample.image for sample in identified.sample_set.samples]
    everything = Photographs(paths, labels, identities)
    return everything.subset(splits.of_identified(labels, identities)[split])


def require_card_split(split: str) -> None:
    """Refuse a split that no card tells of.

    Raises:
        CardDataError: It is one.
    """
    if split not in CARD_SPLITS:
        raise CardDataError(
            f"a card is not measured on {split!r}, but on one of {', '.join(CARD_SPLITS)}"
        )


def parsed_data(options: Sequence[str]) -> Mapping[str, Path]:
    """The paths of data sets by name, from texts like "ferplus=/data/ferplus_valid.npz".

    Raises:
        CardDataError: A text is none, names no known data set, or names one twice.
    """
    paths: dict[str, Path] = {}
    for option in options:
        name, separator, path = option.partition("=")
        if not separator or not path or name not in FACE_DATASETS:
            raise CardDataError(
                f"{option!r} names no data: give {' and '.join(f'{d}=PATH' for d in FACE_DATASETS)}"
            )
        if name in paths:
            raise CardDataError(f"{name} is given twice: {paths[name]} and {path}")
        paths[name] = Path(path)
    return paths
