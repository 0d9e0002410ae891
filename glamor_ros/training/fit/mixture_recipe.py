"""The data of a recipe that mixes several datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
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
        own_faces: What is seen of the own face in the neutral surroundings of single faces; see
            `PreparedFaces`.
    """

    dataset: Literal["ferplus", "heads", "composed_scenes"]
    share: Positive = 1.0
    rarity: Probability = 0.0
    label_smoothing: Share = 0.0
    own_faces: Literal["blurred", "varied"] = "blurred"

    def __post_init__(self) -> None:
        if self.dataset == SCENES and self.own_faces != "blurred":
            raise ValueError("own_faces is for single faces, not for composed_scenes; leave it out")


@dataclass(frozen=True, config=STRICT)
class DataRecipe:
    """What is trained on, where that is not a single dataset.

    Attributes:
        mixture: The datasets. An epoch draws as many samples of the first as it has.
        batches_per_epoch: The number of batches of an epoch, if that is not wanted.
        scenes: The number of different composed scenes.
        validation_scenes: The number of those to validate on.
        people_label_smoothing: The share of the labels of people in composed scenes that is spread
            over all classes, by the dataset that they are from.
        grey: Whether of each picture the red channel alone is taken, so that colours do not tell
            from which dataset it is; people in composed scenes then all have tones of skin.
    """

    mixture: Annotated[tuple[MixturePart, ...], Field(min_length=1)]
    batches_per_epoch: Count | None = None
    scenes: Count = 64000
    validation_scenes: Count = 1000
    people_label_smoothing: dict[str, Share] = field(default_factory=dict)
    grey: bool = False

    def __post_init__(self) -> None:
        names = [part.dataset for part in self.mixture]
        if len(set(names)) < len(names):
            raise ValueError(f"a dataset is named twice: {', '.join(names)}")
        unknown = sorted(self.people_label_smoothing.keys() - set(PEOPLE))
        if unknown:
            raise ValueError(
                f"people_label_smoothing names '{unknown[0]}'; people are from "
                f"{' and '.join(PEOPLE)}"
            )
        if self.people_label_smoothing and not self.has_scenes:
            raise ValueError(
                "people_label_smoothing is for people in composed_scenes, which are not in the "
                "mixture; give its parts a label_smoothing instead"
            )

    @property
    def has_scenes(self) -> bool:
        """Whether composed scenes are among the datasets."""
        return any(part.dataset == SCENES for part in self.mixture)

    @property
    def datasets(self) -> Sequence[str]:
        """The names of the datasets that have to be given."""
        return PEOPLE if self.has_scenes else [part.dataset for part in self.mixture]
