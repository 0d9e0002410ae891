"""The data of a recipe that mixes several datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from .recipe_errors import STRICT
from .recipe_numbers import Count, Positive, Probability, Share

SCENES = "composed_scenes"
# Who is in the scenes.
PEOPLE = ("ferplus", "heads")


@dataclass(frozen=True, config=STRICT)
class MixturePart:
    """A dataset with its part in a mixture; see `MixtureSource`.

    Attributes:
        dataset: The name of the dataset; "composed_scenes" is made of the others' people.
        share: Its share of each batch, relative to the others'.
        rarity: How much rare classes are preferred, from 0, not at all, to 1, until all classes are
            drawn alike.
        label_smoothing: The share of each label that is spread over all classes.
    """

    dataset: Literal["ferplus", "heads", "composed_scenes"]
    share: Positive = 1.0
    rarity: Probability = 0.0
    label_smoothing: Share = 0.0


@dataclass(frozen=True, config=STRICT)
class DataRecipe:
    """What is trained on, where that is not a single dataset.

    Attributes:
        mixture: The datasets. An epoch draws as many samples of the first as it has.
        batches_per_epoch: The number of batches of an epoch, if that is not wanted.
        scenes: The number of different composed scenes.
        validation_scenes: The number of those to validate on.
    """

    mixture: Annotated[tuple[MixturePart, ...], Field(min_length=1)]
    batches_per_epoch: Count | None = None
    scenes: Count = 64000
    validation_scenes: Count = 1000

    def __post_init__(self) -> None:
        names = [part.dataset for part in self.mixture]
        if len(set(names)) < len(names):
            raise ValueError(f"a dataset is named twice: {', '.join(names)}")

    @property
    def datasets(self) -> Sequence[str]:
        """The names of the datasets that have to be given."""
        names = [part.dataset for part in self.mixture]
        return PEOPLE if SCENES in names else names
