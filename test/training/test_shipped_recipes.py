"""Every recipe in config/training builds its network, trains a step in each stage and saves.

Of recipes that differ in their texts alone, one is run. Networks that take gigabytes of disk are
laid out without values, and their step is taken with shapes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from glamor_ros.network.architecture import build_glamor_net, stored_values
from glamor_ros.network.baselines import FROZEN_FAMILIES
from glamor_ros.network.weights.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from glamor_ros.training.fit.branch_training import branch_architectures
from glamor_ros.training.fit.context_classifier import CONTEXT_CLASSIFIER_UNITS
from glamor_ros.training.fit.face_network import face_architecture
from glamor_ros.training.fit.losses import weighted_cross_entropy
from glamor_ros.training.fit.recipe import Recipe, StageRecipe, load_recipe, shipped_recipes
from glamor_ros.training.fit.start_weights import checkpoint_name
from glamor_ros.training.prepared.sample_preparation import SamplePreparation

from .made_datasets import ArrayDataset, noise, one_hot_rows
from .small_runs import run

SAMPLES = 2
# More than MA-Net has, the largest network that the paper compares with and that looks at a face.
LARGE_VALUES = 55_000_000


def one_step(stage: StageRecipe) -> StageRecipe:
    phases = tuple(replace(phase, epochs=1) for phase in stage.face_sizes_px[:1])
    schedule = replace(stage.schedule, warmup_epochs=0.0)
    return replace(stage, epochs=1, batch_size=SAMPLES, face_sizes_px=phases, schedule=schedule)


def given_weights(recipe: Recipe, directory: Path) -> dict[str, Any]:
    """What the recipe starts from and learns of: networks of the face alone, with new weights."""
    distils = recipe.stages.joint.distillation is not None
    started = {checkpoint_name(origin) for origin in recipe.start.values()}
    if not (distils or started):
        return {}
    face = face_architecture(recipe.model)
    of_context = replace(face, classifier_units=CONTEXT_CLASSIFIER_UNITS)
    paths = {}
    for name, architecture in (("face", face), ("context", of_context)):
        paths[name] = directory / f"{name}.safetensors"
        network = build_glamor_net(architecture)
        save_checkpoint(Checkpoint(network, architecture, recipe.inputs), paths[name])
    return {
        "teachers": (paths["face"],) if distils else (),
        "start": {name: paths.get(name, paths["face"]) for name in started},
    }


def prepared_samples(preparation: SamplePreparation) -> ArrayDataset:
    rng = np.random.default_rng(0)
    (face_height, face_width, _), (height, width, channels) = (
        preparation.face_shape,
        preparation.context_shape,
    )
    contexts = noise(SAMPLES, max(height, width), rng)[:, :height, :width]
    # The own face, and who decides the first of the samples.
    for place, samples in ((slice(40, 70), SAMPLES), (slice(90, 120), 1))[: channels - 3]:
        channel = np.zeros_like(contexts[..., :1])
        channel[:samples, 30:60, place] = 255
        contexts = np.concatenate([contexts, channel], axis=3)
    return ArrayDataset(
        noise(SAMPLES, max(face_height, face_width), rng)[:, :face_height, :face_width],
        contexts,
        one_hot_rows(np.array([2, 5])),
    )


def first_weights(recipe: Recipe) -> dict[str, torch.Tensor]:
    """Of the joint stage, as the run draws them."""
    branches = 2 if recipe.stages.branches else 0
    torch.manual_seed(recipe.seed + branches)
    return build_glamor_net(recipe.model).state_dict()


def different_recipes(*, large: bool) -> list[str]:
    """The names of the shipped recipes, the first of those that train the same."""
    found: dict[str, Recipe] = {}
    for name, path in shipped_recipes().items():
        recipe = replace(load_recipe(path), description="", paper=None)
        with torch.device("meta"):
            values = stored_values(build_glamor_net(recipe.model))
        if (values > LARGE_VALUES) == large and recipe not in found.values():
            found[name] = recipe
    return list(found)


@pytest.mark.parametrize("name", different_recipes(large=False))
def test_recipe_trains_a_step_and_saves(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(shipped_recipes()[name])
    stages = recipe.stages
    branches = stages.branches and one_step(stages.branches)
    recipe = replace(
        recipe,
        stages=replace(stages, joint=one_step(stages.joint), branches=branches),
        pretrained_encoders=False,
    )
    before = first_weights(recipe)
    trained = run(
        recipe,
        prepared_samples(recipe.training_preparation()),
        prepared_samples(recipe.validation_preparation()),
        tmp_path / "run",
        **given_weights(recipe, tmp_path),
    )
    checkpoint = load_checkpoint(trained.last)
    assert checkpoint.architecture == recipe.model
    assert checkpoint.input_spec == recipe.inputs
    after = checkpoint.network.state_dict()
    assert all(torch.isfinite(value).all() for value in after.values())
    classifier = [key for key in before if key.startswith("classifier") and "weight" in key]
    assert all(not torch.equal(before[key], after[key]) for key in classifier)
    if recipe.model.family in FROZEN_FAMILIES:
        encoder = [key for key in before if key.startswith("context_encoder")]
        assert all(torch.equal(before[key], after[key]) for key in encoder)
    names = [*branch_architectures(recipe.model), "joint"] if branches else ["joint"]
    assert {path.parent.name for path in (tmp_path / "run").glob("*/last.safetensors")} == set(
        names
    )


@pytest.mark.parametrize("name", different_recipes(large=True))
def test_step_of_a_large_network_fits_together(name: str) -> None:
    recipe = load_recipe(shipped_recipes()[name])
    with torch.device("meta"):
        network = build_glamor_net(recipe.model).train()
        faces = torch.rand(SAMPLES, 3, *recipe.inputs.face_size)
        contexts = torch.rand(SAMPLES, 3, *recipe.inputs.context_crop)
        output = network(faces, contexts)
        weighted_cross_entropy(output.decisions, torch.rand(SAMPLES, 7), 0.0).backward()
    assert output.logits.shape == (SAMPLES, 7)
    without_gradient = {n for n, p in network.named_parameters() if p.grad is None}
    of_encoder = {n for n, _ in network.named_parameters() if n.startswith("context_")}
    frozen = recipe.model.family in FROZEN_FAMILIES
    assert without_gradient == (of_encoder if frozen else set())
