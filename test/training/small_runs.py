"""Recipes and runs that take seconds on one core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.callbacks import Callback

from glamor_ros.network.architecture import Architecture
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint, load_checkpoint
from glamor_ros.training.data.emotion_dataset import EmotionDataset
from glamor_ros.training.data.joint_augmentation import JointAugmentation
from glamor_ros.training.evaluation.evaluate import predict_dataset
from glamor_ros.training.fit.learning_rate import Schedule
from glamor_ros.training.fit.mixture_recipe import DataRecipe, MixturePart
from glamor_ros.training.fit.recipe import Recipe, StageRecipe, Stages
from glamor_ros.training.fit.run_settings import RunSettings
from glamor_ros.training.fit.trainer import TrainedNetwork, TrainingData, train

# Small enough for seconds on one core: contexts have 2x2 cells.
SMALL_INPUTS = InputSpec(face_size=(32, 32), context_resize=(32, 32), context_crop=(32, 32))
WITHOUT_CHANGES = JointAugmentation(flip=False, rotation_deg=0.0, random_context_crop=False)


def small_recipe(
    architecture: Architecture,
    *,
    epochs: int,
    learning_rate: float = 0.05,
    branch_epochs: int = 0,
    schedule: Schedule = Schedule("cosine", warmup_epochs=0.5),  # noqa: B008
    **stage: Any,
) -> Recipe:
    joint = StageRecipe(
        epochs=epochs,
        batch_size=32,
        learning_rate=learning_rate,
        schedule=schedule,
        **stage,
    )
    branches = replace(joint, epochs=branch_epochs) if branch_epochs else None
    # Who decides is told by scenes alone.
    data = DataRecipe((MixturePart("composed_scenes"),)) if joint.needs_deciders else None
    return Recipe(architecture, Stages(joint, branches), SMALL_INPUTS, WITHOUT_CHANGES, data)


def run(
    recipe: Recipe,
    train_set: EmotionDataset,
    validation: EmotionDataset | None,
    output: Path,
    callbacks: Callable[[str], list[Callback]] = lambda stage: [],
    **settings: Any,
) -> TrainedNetwork:
    """On one CPU core."""
    settings = {"accelerator": "cpu", "devices": 1, "progress_bar": False, **settings}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(
            recipe,
            TrainingData(train_set, validation, {"kind": "made"}),
            RunSettings(output, **settings),
            callbacks,
        )
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(False)


def accuracy(weights: Path | Checkpoint, dataset: EmotionDataset) -> float:
    checkpoint = load_checkpoint(weights) if isinstance(weights, Path) else weights
    predictions = predict_dataset(checkpoint, dataset)
    return float((predictions.predicted == predictions.labels).mean())


def same_weights(first: Path, second: Path) -> bool:
    """Bit by bit."""
    states = [load_checkpoint(path).network.state_dict() for path in (first, second)]
    return states[0].keys() == states[1].keys() and all(
        torch.equal(states[0][name], states[1][name]) for name in states[0]
    )
