"""The recognizer on real photographs: both context modes, batches, attention regions and faults."""

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.checkpoint import Checkpoint
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.perception.emotion_recognizer import EmotionRecognizer, RecognizerError
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.perception.preprocessing import ImageError

FACES = [Box(165, 73, 263, 171), Box(100, 300, 190, 390), Box(380, 40, 450, 110)]


def checkpoint(spec: InputSpec | None = None) -> Checkpoint:
    torch.manual_seed(0)
    architecture = Architecture()
    return Checkpoint(build_glamor_net(architecture).eval(), architecture, spec or InputSpec())


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)


def test_one_person_gets_exactly_the_same_in_both_context_modes(photograph: np.ndarray) -> None:
    results = [
        EmotionRecognizer(checkpoint(), context_mode=mode).recognize(photograph, FACES[:1])[0]
        for mode in ("shared", "per_person")
    ]
    assert np.array_equal(results[0].probabilities, results[1].probabilities)
    assert np.array_equal(results[0].attention.weights, results[1].attention.weights)


def test_per_person_hides_one_face_and_shared_hides_all(photograph: np.ndarray) -> None:
    shared = EmotionRecognizer(checkpoint(), context_mode="shared")
    per_person = EmotionRecognizer(checkpoint(), context_mode="per_person")
    together = per_person.recognize(photograph, FACES)
    for box, found in zip(FACES, together, strict=True):
        (alone,) = per_person.recognize(photograph, [box])
        assert abs(alone.probabilities - found.probabilities).max() <= 1e-5
    difference = abs(
        shared.recognize(photograph, FACES)[0].attention.weights - together[0].attention.weights
    )
    assert difference.max() > 1e-6


def test_eight_people_at_once_equal_eight_alone(photograph: np.ndarray) -> None:
    recognizer = EmotionRecognizer(checkpoint(), context_mode="per_person")
    boxes = [Box(20 + 50 * i, 10 + 40 * i, 110 + 50 * i, 100 + 40 * i) for i in range(8)]
    for box, found in zip(boxes, recognizer.recognize(photograph, boxes), strict=True):
        (alone,) = recognizer.recognize(photograph, [box])
        assert abs(alone.probabilities - found.probabilities).max() <= 1e-5
        assert abs(alone.attention.weights - found.attention.weights).max() <= 1e-5
        assert abs(alone.face_weight - found.face_weight) <= 1e-5


def test_estimates_are_normalised_and_placed_on_the_image(photograph: np.ndarray) -> None:
    for estimate in EmotionRecognizer(checkpoint()).recognize(photograph, FACES):
        assert estimate.probabilities.shape == (7,)
        assert estimate.probabilities.sum() == pytest.approx(1, abs=1e-6)
        assert estimate.face_weight + estimate.context_weight == pytest.approx(1, abs=1e-6)
        assert estimate.attention.weights.shape == (7, 7)
        assert estimate.attention.weights.sum() == pytest.approx(1, abs=1e-6)
        assert estimate.attention.region == Region(87, 32, 335, 448)


def test_a_box_beyond_the_edge_is_clipped(photograph: np.ndarray) -> None:
    recognizer = EmotionRecognizer(checkpoint())
    (clipped,) = recognizer.recognize(photograph, [Box(-30, -20, 60, 70)])
    (inside,) = recognizer.recognize(photograph, [Box(0, 0, 60, 70)])
    assert np.array_equal(clipped.probabilities, inside.probabilities)


def test_the_checkpoint_s_face_box_scale_is_used(photograph: np.ndarray) -> None:
    wide = EmotionRecognizer(checkpoint(InputSpec(face_box_scale=1.5)))
    plain = EmotionRecognizer(checkpoint())
    (scaled,) = wide.recognize(photograph, [Box(200, 100, 240, 140)])
    (by_hand,) = plain.recognize(photograph, [Box(190, 90, 250, 150)])
    assert np.array_equal(scaled.probabilities, by_hand.probabilities)


def test_nobody_costs_nothing_and_gives_nothing(photograph: np.ndarray) -> None:
    assert EmotionRecognizer(checkpoint()).recognize(photograph, []) == []


def test_a_box_outside_the_image_is_refused(photograph: np.ndarray) -> None:
    with pytest.raises(RecognizerError, match="holds no pixel of the image of 512x512"):
        EmotionRecognizer(checkpoint()).recognize(photograph, [Box(600, 10, 700, 90)])


def test_another_kind_of_image_is_refused() -> None:
    with pytest.raises(ImageError, match=r"got shape \(96, 96\)"):
        EmotionRecognizer(checkpoint()).recognize(np.zeros((96, 96), np.uint8), FACES[:1])


def test_an_unknown_context_mode_is_named() -> None:
    with pytest.raises(RecognizerError, match=r"unknown context_mode 'both'; known are shared"):
        EmotionRecognizer(checkpoint(), context_mode="both")


@pytest.mark.parametrize("device", ["abacus", "cuda:97"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(RecognizerError, match=f"device '{device}' cannot be used: .*; use 'cpu'"):
        EmotionRecognizer(checkpoint(), device=device)
