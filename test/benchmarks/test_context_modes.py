"""Composed scenes are what they say, and disagreement is counted person by person."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.context_modes import HEIGHT, WIDTH, Head, composed_scene, disagreement
from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint
from glamor_ros.perception.frame import Scene
from glamor_ros.perception.geometry import Box, intersection_area
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer

# Green, with a red face and a blue stripe beside it, at its left.
HEAD = np.full((120, 100, 3), (0, 255, 0), np.uint8)
HEAD[20:100, 20:80] = (0, 0, 255)
HEAD[20:100, 10:20] = (255, 0, 0)
HEADS = [Head(HEAD, Box(20, 20, 80, 100))]


def scenes(people: int, count: int = 6) -> list[Scene]:
    rng = np.random.default_rng(0)
    return [composed_scene(HEADS, people, rng) for _ in range(count)]


@pytest.mark.parametrize("people", [2, 5])
def test_faces_are_where_the_boxes_say(people: int) -> None:
    for scene in scenes(people):
        assert scene.frame.bgr.shape == (HEIGHT, WIDTH, 3)
        assert len(scene.boxes) == people
        for index, box in enumerate(scene.boxes):
            assert 79 < box.height < 161
            face = scene.frame.bgr[
                round(box.top) + 2 : round(box.bottom) - 2,
                round(box.left) + 2 : round(box.right) - 2,
            ]
            middle = face[len(face) // 3 : -len(face) // 3]
            assert abs(middle.astype(int) - (0, 0, 255)).max() < 3
            assert not any(intersection_area(box, other) for other in scene.boxes[:index])


def test_only_hidden_faces_make_the_modes_disagree() -> None:
    for context_faces, agrees in (("masked", False), ("visible", True), ("others_visible", True)):
        torch.manual_seed(0)
        network = build_glamor_net(Architecture()).eval()
        checkpoint = Checkpoint(network, Architecture(), InputSpec(context_faces=context_faces))
        found = disagreement(
            scenes(3, 2),
            EmotionRecognizer(checkpoint, context_mode="shared"),
            EmotionRecognizer(checkpoint, context_mode="per_person"),
        )
        assert found.people == len(found.differences) == 6
        assert (max(found.differences) == 0) == agrees
