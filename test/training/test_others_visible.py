"""From photographs to trained weights that leave the own face out, and back to photographs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glamor_ros.network.architecture import Architecture
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.training.data.joint_augmentation import JointAugmentation
from glamor_ros.training.data.samples import DatasetError, Sample, one_hot
from glamor_ros.training.evaluation.evaluate import predict_dataset
from glamor_ros.training.fit.recipe import Stages
from glamor_ros.training.prepared.sample_cache import SampleCache
from glamor_ros.training.prepared.sample_preparation import SamplePreparation

from .made_images import noise, write_image
from .small_runs import run, small_recipe

INPUTS = InputSpec(
    face_size=(32, 32),
    context_resize=(72, 96),
    context_crop=(64, 64),
    context_faces="others_visible",
)
IMAGE = noise(120, 160)
BOXES = [Box(30, 20, 70, 60), Box(70, 50, 120, 110), Box(5, 70, 45, 115), Box(90, 10, 140, 50)]


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Four people of one photograph, with emotions of their own."""
    path = write_image(tmp_path / "scene.png", IMAGE)
    return [Sample(path, box, one_hot(label)) for label, box in enumerate(BOXES)]


def test_training_evaluation_and_recognition_see_the_same(
    samples: list[Sample], tmp_path: Path
) -> None:
    recipe = small_recipe(Architecture(), epochs=2, branch_epochs=1)
    joint, branches = recipe.stages.joint, recipe.stages.branches
    assert branches is not None
    recipe = replace(
        recipe,
        inputs=INPUTS,
        augmentation=JointAugmentation(rotation_deg=0.0),
        stages=Stages(replace(joint, batch_size=4), replace(branches, batch_size=4)),
    )
    train, validation = (
        SampleCache.build(samples, preparation, tmp_path / "cache").dataset()
        for preparation in (recipe.training_preparation(), recipe.validation_preparation())
    )
    trained = load_checkpoint(run(recipe, train, validation, tmp_path / "run").last)
    assert trained.input_spec == INPUTS
    evaluated = predict_dataset(trained, validation).probabilities
    (estimates,) = EmotionRecognizer(trained).recognize([Scene(Frame(IMAGE), tuple(BOXES))])
    recognized = np.stack([estimate.probabilities for estimate in estimates])
    # Prepared samples are rounded to 8 bits.
    assert abs(evaluated - recognized).max() < 0.01
    without = replace(trained, input_spec=replace(INPUTS, context_faces="visible"))
    (others,) = EmotionRecognizer(without).recognize([Scene(Frame(IMAGE), tuple(BOXES))])
    assert all((one.attention.weights == 0).any() for one in estimates if one.attention)
    assert not any((one.attention.weights == 0).any() for one in others if one.attention)


def test_samples_prepared_with_hidden_faces_are_refused(
    samples: list[Sample], tmp_path: Path
) -> None:
    masked = SamplePreparation(replace(INPUTS, context_faces="masked"))
    cached = SampleCache.build(samples, masked, tmp_path / "cache").dataset()
    recipe = replace(small_recipe(Architecture(), epochs=1), inputs=INPUTS)
    recipe = replace(recipe, stages=Stages(replace(recipe.stages.joint, batch_size=4)))
    with pytest.raises(DatasetError, match=r"have 3 channels, .* prepare the dataset"):
        run(recipe, cached, None, tmp_path / "run")
