"""Every recipe in config/training builds its network, trains a step in each stage and saves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from glamor_ros.network.architecture import build_glamor_net
from glamor_ros.network.baselines import BASELINE_ENCODERS, TorchvisionMissingError
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.training.fit.branch_training import branch_architectures
from glamor_ros.training.fit.recipe import Recipe, StageRecipe, load_recipe, shipped_recipes
from glamor_ros.training.prepared.sample_preparation import SamplePreparation

from .made_datasets import ArrayDataset, noise, one_hot_rows
from .small_runs import run

SAMPLES = 2


def one_step(stage: StageRecipe) -> StageRecipe:
    return replace(
        stage, epochs=1, batch_size=SAMPLES, schedule=replace(stage.schedule, warmup_epochs=0.0)
    )


def prepared_samples(preparation: SamplePreparation) -> ArrayDataset:
    rng = np.random.default_rng(0)
    (face_height, face_width, _), (height, width, _) = (
        preparation.face_shape,
        preparation.context_shape,
    )
    return ArrayDataset(
        noise(SAMPLES, max(face_height, face_width), rng)[:, :face_height, :face_width],
        noise(SAMPLES, max(height, width), rng)[:, :height, :width],
        one_hot_rows(np.array([2, 5])),
    )


def first_weights(recipe: Recipe) -> dict[str, torch.Tensor]:
    """Of the joint stage, as the run draws them."""
    branches = 2 if recipe.stages.branches else 0
    torch.manual_seed(recipe.seed + branches)
    return build_glamor_net(recipe.model).state_dict()


@pytest.mark.parametrize("name", shipped_recipes())
def test_recipe_trains_a_step_and_saves(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(shipped_recipes()[name])
    stages = recipe.stages
    branches = stages.branches and one_step(stages.branches)
    recipe = replace(
        recipe,
        stages=replace(stages, joint=one_step(stages.joint), branches=branches),
        pretrained_encoders=False,
    )
    try:
        before = first_weights(recipe)
    except TorchvisionMissingError as error:
        assert recipe.model.family in BASELINE_ENCODERS
        pytest.skip(str(error))
    trained = run(
        recipe,
        prepared_samples(recipe.training_preparation()),
        prepared_samples(recipe.validation_preparation()),
        tmp_path / "run",
    )
    checkpoint = load_checkpoint(trained.last)
    assert checkpoint.architecture == recipe.model
    assert checkpoint.input_spec == recipe.inputs
    after = checkpoint.network.state_dict()
    assert all(torch.isfinite(value).all() for value in after.values())
    classifier = [key for key in before if key.startswith("classifier") and "weight" in key]
    assert all(not torch.equal(before[key], after[key]) for key in classifier)
    names = [*branch_architectures(recipe.model), "joint"] if branches else ["joint"]
    assert {path.parent.name for path in (tmp_path / "run").glob("*/last.safetensors")} == set(
        names
    )
