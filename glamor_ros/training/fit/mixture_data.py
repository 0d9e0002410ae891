"""The datasets of a recipe's mixture, opened and prepared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...media.scene_photographs import photographs_without_people
from ..data.composed_scenes import ComposedScenes
from ..data.emotion_dataset import EmotionDataset
from ..data.face_crops import FaceCrops
from ..data.face_splits import CHOICE, TRAIN
from ..data.mixture import MixedBatches, MixedDataset, MixtureSource, smoothed
from ..data.open_faces import open_faces
from ..prepared.prepared_faces import PreparedFaces
from ..prepared.sample_preparation import SamplePreparation
from .mixture_recipe import SCENES, DataRecipe, MixturePart
from .recipe import Recipe
from .training_data import TrainingData

# Decide the scenes, whatever the run's own seed: what is validated on stays the same.
TRAINING_SCENES, VALIDATION_SCENES = 1, 77


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

    def opened(split: str) -> dict[str, FaceCrops]:
        crops = {
            name: open_faces(name, paths[name], split, on_progress=on_progress(f"{name} ({split})"))
            for name in data.datasets
        }
        return {name: _grey(some) for name, some in crops.items()} if data.grey else crops

    train, validation = opened(TRAIN), opened(CHOICE)
    sources = [
        MixtureSource(dataset, part.share, part.rarity, part.label_smoothing)
        for part, dataset in _datasets(data, train, recipe.training_preparation(), training=True)
    ]
    to_validate = [
        MixtureSource(dataset)
        for _, dataset in _datasets(
            data, validation, recipe.validation_preparation(), training=False
        )
    ]
    return TrainingData(
        MixedDataset(sources),
        MixedDataset(to_validate),
        {
            "kind": "mixture",
            TRAIN: {name: _described(crops) for name, crops in train.items()},
            CHOICE: {name: _described(crops) for name, crops in validation.items()},
        },
        partial(MixedBatches, sources, batches=data.batches_per_epoch),
    )


def _datasets(
    data: DataRecipe,
    crops: Mapping[str, FaceCrops],
    preparation: SamplePreparation,
    *,
    training: bool,
) -> Iterator[tuple[MixturePart, EmotionDataset]]:
    # What is measured keeps its labels.
    smoothing = {name: 0.0 for name in crops}
    if training:
        smoothing.update(data.people_label_smoothing)
    for part in data.mixture:
        if part.dataset == SCENES:
            yield (
                part,
                ComposedScenes(
                    [_smoothed(people, smoothing[name]) for name, people in crops.items()],
                    preparation.input_spec,
                    scenes=data.scenes if training else data.validation_scenes,
                    seed=TRAINING_SCENES if training else VALIDATION_SCENES,
                    photographs=photographs_without_people(),
                    face_margin_px=preparation.face_margin_px,
                    with_deciders=preparation.with_deciders,
                ),
            )
        else:
            yield (
                part,
                PreparedFaces(
                    crops[part.dataset], preparation, every_box=training, own_faces=part.own_faces
                ),
            )


def _grey(crops: FaceCrops) -> FaceCrops:
    return replace(crops, images=np.ascontiguousarray(crops.images[..., :1]))


def _smoothed(people: FaceCrops, share: float) -> FaceCrops:
    return replace(people, distributions=smoothed(people.distributions, share))


def _described(crops: FaceCrops) -> dict[str, Any]:
    """What tells whether a run is continued with the same faces."""
    content = hashlib.sha256()
    for values in (crops.images, crops.distributions, crops.boxes):
        if values is not None:
            content.update(np.ascontiguousarray(values).tobytes())
    return {"faces": len(crops), "fingerprint": content.hexdigest()[:16]}
