"""How faces are divided: to train on, to choose by, and held out for the last measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .identity_split import split_by_identity
from .samples import SettingsError

TRAIN, CHOICE, HELD_OUT = "train", "choice", "held_out"
FACE_SPLITS = (TRAIN, CHOICE, HELD_OUT)


@dataclass(frozen=True)
class FaceSplits:
    """The sizes and seeds of the splits.

    Nobody trains on "choice", which decides between recipes and epochs. Nobody looks at "held_out"
    until all is decided.

    Attributes:
        choice_faces: How many faces without an identity are for choosing.
        choice_faces_seed: Decides which.
        held_out_identities: The share of each class that is held out, as whole identities allow.
        held_out_seed: Decides which.
        choice_identities: The share of the rest that is for choosing.
        choice_identities_seed: Decides which.
    """

    choice_faces: int = 1400
    choice_faces_seed: int = 20
    held_out_identities: float = 0.3
    held_out_seed: int = 0
    choice_identities: float = 0.15
    choice_identities_seed: int = 5

    def of_faces(self, count: int) -> dict[str, NDArray[np.int64]]:
        """The places of count faces without identities, ascending, by TRAIN and CHOICE.

        Raises:
            SettingsError: There are too few.
        """
        if not 0 < self.choice_faces < count:
            raise SettingsError(
                f"{self.choice_faces} of {count} faces cannot be set apart for choosing; change "
                "choice_faces"
            )
        order = np.random.default_rng(self.choice_faces_seed).permutation(count)
        chosen, rest = np.split(order, [self.choice_faces])
        return {TRAIN: np.sort(rest), CHOICE: np.sort(chosen)}

    def of_identified(
        self, labels: NDArray[np.int64], identities: Sequence[str]
    ) -> dict[str, NDArray[np.int64]]:
        """The places of photographs, ascending, by split; nobody appears in two of them.

        Args:
            labels: The class of each photograph, (N,).
            identities: The person in each photograph.

        Raises:
            SettingsError: There are too few people.
        """
        held_out = self.held_out_identities
        kept, apart = split_by_identity(
            labels, identities, (1 - held_out, held_out), self.held_out_seed
        )
        train, choice = split_by_identity(
            labels[kept],
            [identities[place] for place in kept],
            (1 - self.choice_identities, self.choice_identities),
            self.choice_identities_seed,
        )
        return {TRAIN: kept[train], CHOICE: kept[choice], HELD_OUT: apart}
