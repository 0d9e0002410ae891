"""Attention and accuracy on composed scenes are those of the network that is measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint
from glamor_ros.training.data.composed_scenes import ComposedScenes
from glamor_ros.training.data.face_crops import FaceCrops
from glamor_ros.training.evaluation.scene_measurement import (
    SCENES_SEED,
    measure_scenes,
    sees_other_faces,
)

VISIBLE = InputSpec(context_faces="others_visible")


@pytest.fixture
def people() -> FaceCrops:
    """Seven of each class, who look alike but for their brightness."""
    labels = np.arange(49) % 7
    images = np.broadcast_to((30 * labels + 30)[:, None, None, None], (49, 48, 48, 1))
    return FaceCrops(
        np.ascontiguousarray(images, np.uint8),
        None,
        np.eye(7, dtype=np.float32)[labels],
        tuple(f"person {number}" for number in range(49)),
    )


def test_a_network_with_even_attention_that_says_happy_to_all(people: FaceCrops) -> None:
    architecture = Architecture()
    network = build_glamor_net(architecture).eval()
    with torch.no_grad():
        score = network.attention.score  # type: ignore[union-attr]
        for values in score.parameters():  # type: ignore[union-attr]
            values.zero_()
        last = network.classifier[-1]  # type: ignore[index]
        assert isinstance(last, nn.Linear)
        last.weight.zero_()
        last.bias.copy_(torch.eye(7)[EMOTIONS.index("Happy")])
    checkpoint = Checkpoint(network, architecture, VISIBLE)
    progress: list[tuple[int, int]] = []
    rows = measure_scenes(
        checkpoint, people, 70, lambda done, total: progress.append((done, total))
    )
    assert progress == [(64, 70), (70, 70)]
    dataset = ComposedScenes([people], VISIBLE, scenes=70, seed=SCENES_SEED)
    assert {row["kind"] for row in rows} == {"alone", "company", "decided"}
    for row in rows:
        chosen = np.array([kind.value == row["kind"] for kind in dataset.kinds])
        happy = float((dataset.labels[chosen] == EMOTIONS.index("Happy")).mean())
        assert row["scenes"] == chosen.sum()
        assert row["accuracy"] == pytest.approx(happy)
        assert row["accuracy_with_even_attention"] == pytest.approx(happy)
        assert row["accuracy_before_grey"] == pytest.approx(happy)
        assert row["interval"][0] <= happy <= row["interval"][1]
        if row["kind"] == "decided":
            assert 0.01 < row["even"] < 0.3
            assert row["attention"] == pytest.approx(row["even"], rel=1e-4)
        else:
            assert row["attention"] is None


def test_only_networks_that_see_others_are_measured() -> None:
    architecture = Architecture(classifier_inputs="face")
    face_alone = build_glamor_net(architecture)
    assert not sees_other_faces(Checkpoint(face_alone, architecture, VISIBLE))
    whole = build_glamor_net(Architecture())
    assert not sees_other_faces(Checkpoint(whole, Architecture(), InputSpec()))
    assert sees_other_faces(Checkpoint(whole, Architecture(), VISIBLE))
