"""Weights whose context shows the others' faces: one scene for everybody, exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.attention import AverageAttention
from glamor_ros.network.encoders import Encoder
from glamor_ros.network.fusion import ContextAlone
from glamor_ros.network.glamor_net import ContextBranch, GlamorNet
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box
from glamor_ros.perception.people import EmotionEstimate
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer

OTHERS_VISIBLE = InputSpec(context_faces="others_visible")
# An image of the context's own size: a cell is 16 px, the first starts at (29, 8).
HEIGHT, WIDTH, CELL = 128, 171, 16
LEFT, TOP = 29, 8
PEOPLE = (
    Box(LEFT, TOP, LEFT + 32, TOP + 32),
    Box(LEFT + 80, TOP + 16, LEFT + 112, TOP + 48),
    Box(LEFT + 32, TOP + 64, LEFT + 64, TOP + 96),
    Box(0, 100, 40, 128),
    Box(LEFT + 84, TOP + 70, LEFT + 120, TOP + 115),
)


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def checkpoint(architecture: Architecture) -> Checkpoint:
    torch.manual_seed(0)
    return Checkpoint(build_glamor_net(architecture).eval(), architecture, OTHERS_VISIBLE)


class PatchEncoder(Encoder):
    """Cells that see their own 16x16 pixels and no others."""

    out_channels = 24

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, self.out_channels, kernel_size=CELL, stride=CELL)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.patches(images)
        return features


def patch_checkpoint() -> Checkpoint:
    """A network that looks at the scene alone, cell by cell."""
    torch.manual_seed(0)
    encoder = PatchEncoder()
    branch = ContextBranch(encoder, AverageAttention(0, encoder.out_channels))
    classifier = nn.Linear(encoder.out_channels, 7)
    network = GlamorNet(None, branch, ContextAlone(0, encoder.out_channels), classifier)
    architecture = Architecture(classifier_inputs="context", attention="none")
    return Checkpoint(network.eval(), architecture, OTHERS_VISIBLE)


def recognized(
    checkpoint: Checkpoint, image: np.ndarray, boxes: tuple[Box, ...], mode: str = "shared"
) -> list[EmotionEstimate]:
    recognizer = EmotionRecognizer(checkpoint, context_mode=mode)
    (estimates,) = recognizer.recognize([Scene(Frame(image), boxes)])
    return estimates


def attention_of(estimate: EmotionEstimate) -> np.ndarray:
    assert estimate.attention is not None
    return estimate.attention.weights


def repainted(image: np.ndarray, box: Box) -> np.ndarray:
    changed = image.copy()
    rows, columns = slice(int(box.top), int(box.bottom)), slice(int(box.left), int(box.right))
    changed[rows, columns] = 255 - changed[rows, columns]
    return changed


@pytest.mark.parametrize("attention", ["global_local", "context_only", "none"])
@pytest.mark.parametrize("people", [1, 2, 5])
def test_both_context_modes_are_one_computation(people: int, attention: str) -> None:
    weights = checkpoint(Architecture(attention=attention))
    shared, per_person = (
        recognized(weights, noise(), PEOPLE[:people], mode) for mode in ("shared", "per_person")
    )
    assert len(shared) == len(per_person) == people
    for one, other in zip(shared, per_person, strict=True):
        assert np.array_equal(one.probabilities, other.probabilities)
        assert np.array_equal(attention_of(one), attention_of(other))
        assert (one.face_weight, one.context_weight) == (other.face_weight, other.context_weight)


@pytest.mark.parametrize("people", range(1, 17))
def test_one_scene_serves_everybody_in_it(people: int) -> None:
    """To the bit, in a crowd too, whose faces overlap and lie at the edges and beside the view."""
    weights = checkpoint(Architecture())
    rng = np.random.default_rng(people)
    corners = rng.uniform((0, 0), (WIDTH - 4, HEIGHT - 4), (people, 2))
    sides = rng.uniform(4, 70, people)
    boxes = tuple(
        Box(x, y, x + side, y + side) for (x, y), side in zip(corners.tolist(), sides, strict=True)
    )
    shared, per_person = (
        recognized(weights, noise(people), boxes, mode) for mode in ("shared", "per_person")
    )
    assert len(shared) == len(per_person) == people
    for one, other in zip(shared, per_person, strict=True):
        assert np.array_equal(one.probabilities, other.probabilities)
        assert np.array_equal(attention_of(one), attention_of(other))
        assert attention_of(one).sum() == pytest.approx(1, abs=1e-5)


def test_nobody_s_result_depends_on_who_else_is_asked_for() -> None:
    """The others are in the scene whether or not their own emotions are wanted."""
    weights = checkpoint(Architecture())
    together = recognized(weights, noise(), PEOPLE)
    for box, found in zip(PEOPLE, together, strict=True):
        (alone,) = recognized(weights, noise(), (box,))
        assert abs(alone.probabilities - found.probabilities).max() <= 1e-6
        assert abs(attention_of(alone) - attention_of(found)).max() <= 1e-6


def test_the_own_face_s_cells_get_nothing_and_the_others_do() -> None:
    estimates = recognized(checkpoint(Architecture()), noise(), PEOPLE)
    expected = [
        {(0, 0), (0, 1), (1, 0), (1, 1)},
        {(1, 5), (1, 6), (2, 5), (2, 6)},
        {(4, 2), (4, 3), (5, 2), (5, 3)},
        # Most of this face is outside what the network sees; a strip of 11 by 20 px is inside.
        {(6, 0)},
        {(row, column) for row in (4, 5, 6) for column in (5, 6)},
    ]
    for estimate, cells in zip(estimates, expected, strict=True):
        weights = attention_of(estimate)
        assert {tuple(cell) for cell in np.argwhere(weights == 0).tolist()} == cells
        assert weights.sum() == pytest.approx(1, abs=1e-6)


def test_a_person_draws_on_the_others_faces_and_not_on_the_own() -> None:
    """In cells that see no further than themselves; the faces lie on whole cells."""
    weights, boxes = patch_checkpoint(), PEOPLE[:3]
    before = recognized(weights, noise(), boxes)
    for index, box in enumerate(boxes):
        after = recognized(weights, repainted(noise(), box), boxes)
        for other, (one, changed) in enumerate(zip(before, after, strict=True)):
            same = np.array_equal(one.probabilities, changed.probabilities)
            assert same == (other == index)
            if not same:
                assert abs(one.probabilities - changed.probabilities).max() > 1e-3


@pytest.mark.parametrize(
    ("box", "zeros"),
    [
        (Box(0, 0, WIDTH, HEIGHT), 0),  # Nothing but the own face: there is no other cell.
        (Box(0, 0, LEFT, HEIGHT), 0),  # Beside what the network sees.
        (Box(0, 0, LEFT + 96, HEIGHT), 42),
        (Box(LEFT + 16, TOP + 16, LEFT + 20, TOP + 20), 0),  # A small part of one cell.
    ],
)
def test_faces_at_the_limits(box: Box, zeros: int) -> None:
    (estimate,) = recognized(checkpoint(Architecture()), noise(), (box,))
    assert (attention_of(estimate) == 0).sum() == zeros
    assert estimate.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_scenes_with_and_without_people_go_together() -> None:
    weights = checkpoint(Architecture())
    scenes = [
        Scene(Frame(noise(1)), PEOPLE[:2]),
        Scene(Frame(noise(2)), ()),
        Scene(Frame(np.ascontiguousarray(noise(3)[:90])), PEOPLE[:1]),
    ]
    together = EmotionRecognizer(weights).recognize(scenes)
    assert [len(estimates) for estimates in together] == [2, 0, 1]
    for scene, estimates in zip(scenes, together, strict=True):
        alone = recognized(weights, scene.frame.bgr, scene.boxes)
        for one, other in zip(estimates, alone, strict=True):
            assert abs(one.probabilities - other.probabilities).max() <= 1e-6
            assert np.array_equal(attention_of(one) == 0, attention_of(other) == 0)


def test_a_network_that_looks_at_no_context_takes_such_weights() -> None:
    estimates = recognized(checkpoint(Architecture(classifier_inputs="face")), noise(), PEOPLE)
    assert [estimate.attention for estimate in estimates] == [None] * 5
