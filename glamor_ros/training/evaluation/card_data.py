"""The images of which a model card tells, and those on which choices are made before.

Both are kept out of the training. Whoever chooses between recipes, thresholds or temperatures looks
at the split "choice" alone; "held_out" is measured once, at the end.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import GlamorError
from ..data.face_splits import CHOICE, HELD_OUT, FaceSplits
from ..data.facial_expressions import read_facial_expressions
from .photographs import Photographs

CARD_SPLITS = (HELD_OUT, CHOICE)


class CardDataError(GlamorError, ValueError):
    """A split or data that a model card cannot be measured on."""


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
