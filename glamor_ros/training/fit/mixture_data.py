"""The datasets of a recipe's mixture, opened and prepared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..data.face_crops import FaceCrops
from ..data.face_splits import CHOICE, TRAIN
from ..data.mixture import MixedBatches, MixedDataset, MixtureSource
from ..data.open_faces import open_faces
from ..prepared.prepared_faces import PreparedFaces
from ..prepared.sample_preparation import SamplePreparation
from .mixture_recipe import DataRecipe
from .recipe import Recipe
from .training_data import TrainingData


def open_mixture(
    recipe: Recipe,
    data: DataRecipe,
    paths: Mapping[str, Path],
    on_progress: Callable[[str], Callable[[int, int], None]],
) -> TrainingData:
    """The samples of a run on a mixture: their training splits, validated on those for choosing.

    Args:
        recipe: How they are prepared.
        data: The mixture, the recipe's own.
        paths: Where each of its datasets is.
        on_progress: Given what is being opened, gives what takes the numbers of pictures that are
            done and of all.

    Raises:
        DatasetError: A dataset cannot be used.
        MediaError: A picture cannot be read.
    """

    def sources(
        split: str, preparation: SamplePreparation
    ) -> tuple[list[MixtureSource], dict[str, Any]]:
        opened, described = [], {}
        for part in data.mixture:
            name = part.dataset
            crops = open_faces(
                name, paths[name], split, on_progress=on_progress(f"{name} ({split})")
            )
            described[name] = _described(crops)
            training = split == TRAIN
            dataset = PreparedFaces(crops, preparation, every_box=training)
            smoothing = part.label_smoothing if training else 0.0
            opened.append(MixtureSource(dataset, part.share, part.rarity, smoothing))
        return opened, described

    train, of_train = sources(TRAIN, recipe.training_preparation())
    validation, of_validation = sources(CHOICE, recipe.validation_preparation())
    return TrainingData(
        MixedDataset(train),
        MixedDataset(validation),
        {"kind": "mixture", TRAIN: of_train, CHOICE: of_validation},
        partial(MixedBatches, train, batches=data.batches_per_epoch),
    )


def _described(crops: FaceCrops) -> dict[str, Any]:
    """What tells whether a run is continued with the same faces."""
    content = hashlib.sha256(crops.images)
    content.update(crops.distributions)
    if crops.boxes is not None:
        content.update(crops.boxes)
    return {"faces": len(crops), "fingerprint": content.hexdigest()[:16]}
