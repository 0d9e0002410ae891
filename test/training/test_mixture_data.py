"""A recipe's mixture: opened by name, prepared, trained on by `glamor-ros train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from glamor_ros.cli.main import app
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.training.data.batch_sampling import Shard
from glamor_ros.training.data.face_crops import FaceCrops
from glamor_ros.training.data.packed_faces import PackingQuality, pack_faces
from glamor_ros.training.fit.mixture_data import open_mixture
from glamor_ros.training.fit.recipe import find_recipe, load_recipe

from .made_datasets import one_hot_rows

RECIPE = """
model: {attention: none, classifier_inputs: face, classifier_units: 8}
inputs: {face_size: [32, 32]}
augmentation: {random_context_crop: false, face: {rotation_deg: 10.0}}
data:
  mixture:
    - {dataset: ferplus, share: 0.75}
    - {dataset: heads, share: 0.25, rarity: 0.5, label_smoothing: 0.1}
stages:
  joint:
    {epochs: 2, batch_size: 8, learning_rate: 0.001, optimizer: {name: muon}, channels_last: true}
"""


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 grey faces and 9 heads to train on, 7 and 5 to choose by."""
    rng = np.random.default_rng(0)
    sets = {}
    for split, faces, heads in (("train", 20, 9), ("choice", 7, 5)):
        for name, count, channels in (("ferplus", faces, 1), ("heads", heads, 3)):
            side_px = 48
            images = rng.integers(60, 200, (count, side_px, side_px, channels), dtype=np.uint8)
            boxes = np.tile(np.array([0.5, 0.5, 0.6], np.float32), (count, 2, 1))
            sets[name, split] = FaceCrops(
                images,
                boxes if name == "heads" else None,
                one_hot_rows(rng.integers(0, 7, count)),
                tuple(f"{name} {number}" for number in range(count)),
            )
    path = tmp_path_factory.mktemp("packed") / "faces.npz"
    pack_faces(sets, path, PackingQuality())
    return path


def arguments(packed: Path, directory: Path, *datasets: str) -> list[str]:
    recipe = directory / "recipe.yaml"
    recipe.write_text(RECIPE)
    data = [text for name in datasets for text in ("--data", f"{name}={packed}")]
    options = ["--accelerator", "cpu", "--devices", "1", "--workers", "0"]
    return ["train", str(recipe), *data, "--output", str(directory / "run"), *options]


def test_a_mixture_is_trained_on_by_name(packed: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, arguments(packed, tmp_path, "ferplus", "heads"))
    assert result.exit_code == 0, result.output
    assert "joint 2/2: loss" in result.output
    provenance = load_checkpoint(tmp_path / "run/best.safetensors").provenance
    # A head is there once for each detector that has found it, to train on.
    assert provenance["data"]["train"]["samples"] == 20 + 2 * 9
    assert provenance["data"]["validation"]["samples"] == 7 + 5
    source = provenance["data"]["source"]
    assert source["train"]["heads"]["faces"] == 9
    assert source["choice"]["ferplus"]["faces"] == 7
    assert source["choice"]["ferplus"]["fingerprint"] != source["train"]["ferplus"]["fingerprint"]


@pytest.mark.parametrize(
    ("datasets", "more", "message"),
    [
        (["ferplus"], [], "this recipe trains on ferplus, heads, given are ferplus; give each"),
        (["ferplus", "ferplus"], [], "--data names ferplus twice"),
        (
            ["ferplus", "heads"],
            ["--data", "elsewhere"],
            "--data is 'elsewhere', expected NAME=PATH",
        ),
        (["ferplus", "heads"], ["--start", "face"], "--start is 'face', expected NAME=PATH"),
        (["ferplus", "heads"], ["--validation", "v.csv"], "leave out --validation and --crops"),
        (["ferplus", "heads"], ["--teacher", "t.safetensors"], "the recipe has no distillation"),
    ],
)
def test_mistakes_are_told_in_a_line(
    packed: Path, tmp_path: Path, datasets: list[str], more: list[str], message: str
) -> None:
    result = CliRunner().invoke(app, [*arguments(packed, tmp_path, *datasets), *more])
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "run").exists()


def test_scenes_are_composed_of_the_given_faces(packed: Path) -> None:
    recipe = load_recipe(find_recipe("starter"))
    assert recipe.data is not None
    data = replace(recipe.data, scenes=12, validation_scenes=5, batches_per_epoch=3)
    paths = {"ferplus": packed, "heads": packed}
    opened = open_mixture(recipe, data, paths, lambda title: lambda done, total: None)
    assert (len(opened.train), opened.validation and len(opened.validation)) == (12 + 20, 5 + 7)
    batches = list(opened.batches(11, 0, Shard()))
    assert len(batches) == 3
    # Three of four, as the recipe has them.
    assert [int((batch < 12).sum()) for batch in batches] == [8, 8, 8]
    batch = opened.train[batches[0]]
    assert batch.faces.shape == (11, 3, 96, 96)
    assert batch.contexts.shape == (11, 5, 128, 171)
    assert (batch.contexts[:, 3] == 255).flatten(1).any(dim=1).all()


def test_scenes_of_grey_people_with_smoothed_labels(packed: Path) -> None:
    recipe = load_recipe(find_recipe("starter"))
    assert recipe.data is not None
    data = replace(recipe.data, scenes=40, validation_scenes=40)
    paths = {"ferplus": packed, "heads": packed}
    opened = open_mixture(recipe, data, paths, lambda title: lambda done, total: None)
    # Of the people in scenes the heads' labels are spread, and the others' are not.
    largest = opened.train.distributions[:40].max(axis=1)
    assert set(np.round(largest, 4)) == {1.0, np.float32(round(0.9 + 0.1 / 7, 4))}
    # What is validated on keeps its labels, and does not tell who decides.
    assert opened.validation is not None
    assert (opened.validation.distributions.max(axis=1) == 1).all()
    assert opened.validation[[0, 45]].contexts.shape[1] == 4
    assert opened.train[[0, 45]].contexts.shape[1] == 5
