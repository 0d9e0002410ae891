"""The data of a recipe that mixes several datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from .recipe_errors import STRICT
from .recipe_numbers import Count, Positive, Probability, Share


@dataclass(frozen=True, config=STRICT)
class MixturePart:
    """A dataset with its part in a mixture; see `MixtureSource`.

    Attributes:
        dataset: The name of the dataset.
        share: Its share of each batch, relative to the others'.
        rarity: How much rare classes are preferred, from 0, not at all, to 1, until all classes are
            drawn alike.
        label_smoothing: The share of each label that is spread over all classes.
    """

    dataset: Literal["ferplus", "heads"]
    share: Positive = 1.0
    rarity: Probability = 0.0
    label_smoothing: Share = 0.0


@dataclass(frozen=True, config=STRICT)
class DataRecipe:
    """What is trained on, where that is not a single dataset.

    Attributes:
        mixture: The datasets. An epoch draws as many samples of the first as it has.
        batches_per_epoch: The number of batches of an epoch, if that is not wanted.
    """

    mixture: Annotated[tuple[MixturePart, ...], Field(min_length=1)]
    batches_per_epoch: Count | None = None

    def __post_init__(self) -> None:
        names = [part.dataset for part in self.mixture]
        if len(set(names)) < len(names):
            raise ValueError(f"a dataset is named twice: {', '.join(names)}")

    @property
    def datasets(self) -> Sequence[str]:
        """The names of the datasets."""
        return [part.dataset for part in self.mixture]
