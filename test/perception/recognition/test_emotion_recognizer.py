"""The recognizer on real photographs: both context modes, batches, attention regions and faults."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint, load_checkpoint
from glamor_ros.perception.device import DeviceError
from glamor_ros.perception.frame import Frame, ImageError, Scene
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.perception.people import AttentionMap, EmotionEstimate
from glamor_ros.perception.precision import PrecisionError
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer, RecognizerError

FACES = [Box(165, 73, 263, 171), Box(100, 300, 190, 390), Box(380, 40, 450, 110)]


def checkpoint(
    spec: InputSpec | None = None, architecture: Architecture | None = None
) -> Checkpoint:
    torch.manual_seed(0)
    architecture = architecture or Architecture()
    return Checkpoint(build_glamor_net(architecture).eval(), architecture, spec or InputSpec())


def recognized(
    recognizer: EmotionRecognizer, image: np.ndarray, boxes: Sequence[Box]
) -> list[EmotionEstimate]:
    (estimates,) = recognizer.recognize([Scene(Frame(image), tuple(boxes))])
    return estimates


def attention_of(estimate: EmotionEstimate) -> AttentionMap:
    assert estimate.attention is not None
    return estimate.attention


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)


def test_one_person_gets_exactly_the_same_in_both_context_modes(photograph: np.ndarray) -> None:
    results = [
        recognized(EmotionRecognizer(checkpoint(), context_mode=mode), photograph, FACES[:1])[0]
        for mode in ("shared", "per_person")
    ]
    assert np.array_equal(results[0].probabilities, results[1].probabilities)
    assert np.array_equal(attention_of(results[0]).weights, attention_of(results[1]).weights)


def test_per_person_hides_one_face_and_shared_hides_all(photograph: np.ndarray) -> None:
    shared = EmotionRecognizer(checkpoint(), context_mode="shared")
    per_person = EmotionRecognizer(checkpoint(), context_mode="per_person")
    together = recognized(per_person, photograph, FACES)
    for box, found in zip(FACES, together, strict=True):
        (alone,) = recognized(per_person, photograph, [box])
        assert abs(alone.probabilities - found.probabilities).max() <= 1e-5
    of_shared = attention_of(recognized(shared, photograph, FACES)[0])
    difference = abs(of_shared.weights - attention_of(together[0]).weights)
    assert difference.max() > 1e-6


@pytest.mark.parametrize("mode", ["shared", "per_person"])
def test_scenes_of_several_cameras_equal_each_alone(photograph: np.ndarray, mode: str) -> None:
    recognizer = EmotionRecognizer(checkpoint(), context_mode=mode)
    scenes = [
        Scene(Frame(photograph), tuple(FACES)),
        Scene(Frame(photograph[:300, :200]), ()),
        Scene(Frame(cv2.resize(photograph, (320, 240)).astype(np.uint8)), (Box(90, 30, 160, 100),)),
        Scene(Frame(photograph[:, ::-1]), (FACES[1], FACES[0])),
    ]
    together = recognizer.recognize(scenes)
    assert [len(estimates) for estimates in together] == [3, 0, 1, 2]
    for scene, found in zip(scenes, together, strict=True):
        (alone,) = recognizer.recognize([scene])
        for one, other in zip(found, alone, strict=True):
            # Sums of products run in another order for another size of batch.
            assert abs(one.probabilities - other.probabilities).max() <= 1e-6
            assert abs(attention_of(one).weights - attention_of(other).weights).max() <= 1e-6
            assert attention_of(one).region == attention_of(other).region


def test_eight_people_at_once_equal_eight_alone(photograph: np.ndarray) -> None:
    recognizer = EmotionRecognizer(checkpoint(), context_mode="per_person")
    boxes = [Box(20 + 50 * i, 10 + 40 * i, 110 + 50 * i, 100 + 40 * i) for i in range(8)]
    for box, found in zip(boxes, recognized(recognizer, photograph, boxes), strict=True):
        (alone,) = recognized(recognizer, photograph, [box])
        assert abs(alone.probabilities - found.probabilities).max() <= 1e-5
        assert abs(attention_of(alone).weights - attention_of(found).weights).max() <= 1e-5
        assert abs(alone.face_weight - found.face_weight) <= 1e-5


def test_estimates_are_normalised_and_placed_on_the_image(photograph: np.ndarray) -> None:
    for estimate in recognized(EmotionRecognizer(checkpoint()), photograph, FACES):
        assert estimate.probabilities.shape == (7,)
        assert estimate.probabilities.sum() == pytest.approx(1, abs=1e-6)
        assert estimate.face_weight + estimate.context_weight == pytest.approx(1, abs=1e-6)
        attention = attention_of(estimate)
        assert attention.weights.shape == (7, 7)
        assert attention.weights.sum() == pytest.approx(1, abs=1e-6)
        assert attention.region == Region(87, 32, 335, 448)


@pytest.mark.parametrize("mode", ["shared", "per_person"])
@pytest.mark.parametrize(
    ("fields", "weights", "map_shape"),
    [
        ({"classifier_inputs": "face"}, (1.0, 0.0), None),
        ({"classifier_inputs": "context"}, (0.0, 1.0), (7, 7)),
        ({"classifier_inputs": "context", "attention": "none"}, (0.0, 1.0), (7, 7)),
        ({"fusion": "add"}, (0.5, 0.5), (7, 7)),
        ({"fusion": "max", "attention": "context_only"}, None, (7, 7)),
        ({"encoder": "mobilenet_v2"}, None, (4, 4)),
        ({"encoder": "resnet18"}, None, (4, 4)),
        ({"family": "caer_net_s"}, None, (7, 7)),
    ],
)
def test_every_variant_of_the_network(
    photograph: np.ndarray,
    mode: str,
    fields: dict[str, str],
    weights: tuple[float, float] | None,
    map_shape: tuple[int, int] | None,
) -> None:
    variant = checkpoint(architecture=Architecture.from_fields(fields))
    estimates = recognized(EmotionRecognizer(variant, context_mode=mode), photograph, FACES)
    assert len(estimates) == len(FACES)
    for estimate in estimates:
        assert estimate.probabilities.sum() == pytest.approx(1, abs=1e-6)
        assert estimate.face_weight + estimate.context_weight == pytest.approx(1, abs=1e-6)
        assert weights in (None, (estimate.face_weight, estimate.context_weight))
        if map_shape is None:
            assert estimate.attention is None
        else:
            attention = attention_of(estimate)
            assert attention.weights.shape == map_shape
            assert attention.weights.sum() == pytest.approx(1, abs=1e-5)
            assert attention.region == Region(87, 32, 335, 448)


def test_visible_faces_are_not_hidden_in_the_context(photograph: np.ndarray) -> None:
    context_alone = Architecture(classifier_inputs="context", attention="none")

    def probabilities(image: np.ndarray, context_faces: str, mode: str) -> np.ndarray:
        variant = checkpoint(InputSpec(context_faces=context_faces), context_alone)
        estimates = recognized(EmotionRecognizer(variant, context_mode=mode), image, FACES)
        return np.stack([estimate.probabilities for estimate in estimates])

    without_faces = photograph.copy()
    for box in FACES:
        left, top, right, bottom = (
            int(side) for side in (box.left, box.top, box.right, box.bottom)
        )
        without_faces[top:bottom, left:right] = 0
    masked = probabilities(photograph, "masked", "shared")
    assert np.array_equal(masked, probabilities(without_faces, "visible", "shared"))
    visible = probabilities(photograph, "visible", "shared")
    assert np.array_equal(visible, probabilities(photograph, "visible", "per_person"))
    assert abs(visible - masked).max() > 1e-5


def test_a_box_beyond_the_edge_is_clipped(photograph: np.ndarray) -> None:
    recognizer = EmotionRecognizer(checkpoint())
    (clipped,) = recognized(recognizer, photograph, [Box(-30, -20, 60, 70)])
    (inside,) = recognized(recognizer, photograph, [Box(0, 0, 60, 70)])
    assert np.array_equal(clipped.probabilities, inside.probabilities)


def test_the_checkpoint_s_face_box_scale_is_used(photograph: np.ndarray) -> None:
    wide = EmotionRecognizer(checkpoint(InputSpec(face_box_scale=1.5)))
    plain = EmotionRecognizer(checkpoint())
    (scaled,) = recognized(wide, photograph, [Box(200, 100, 240, 140)])
    (by_hand,) = recognized(plain, photograph, [Box(190, 90, 250, 150)])
    assert np.array_equal(scaled.probabilities, by_hand.probabilities)


def test_nobody_costs_nothing_and_gives_nothing(photograph: np.ndarray) -> None:
    assert recognized(EmotionRecognizer(checkpoint()), photograph, []) == []


def test_a_box_outside_the_image_is_refused(photograph: np.ndarray) -> None:
    with pytest.raises(RecognizerError, match="holds no pixel of the image of 512x512"):
        recognized(EmotionRecognizer(checkpoint()), photograph, [Box(600, 10, 700, 90)])


def test_another_kind_of_image_is_refused() -> None:
    with pytest.raises(ImageError, match=r"got shape \(96, 96\)"):
        recognized(EmotionRecognizer(checkpoint()), np.zeros((96, 96), np.uint8), FACES[:1])


def test_an_unknown_context_mode_is_named() -> None:
    with pytest.raises(RecognizerError, match=r"unknown context_mode 'both'; known are shared"):
        EmotionRecognizer(checkpoint(), context_mode="both")


@pytest.mark.parametrize("device", ["abacus", "cuda:97"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(DeviceError, match=f"device '{device}' cannot be used: .*; use 'cpu'"):
        EmotionRecognizer(checkpoint(), device=device)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_16_bits_on_a_processor_are_refused(precision: str) -> None:
    with pytest.raises(PrecisionError, match=f"precision '{precision}' is for GPUs"):
        EmotionRecognizer(checkpoint(), device="cpu", precision=precision)


def test_an_unknown_precision_is_named() -> None:
    with pytest.raises(PrecisionError, match="unknown precision 'double'; known are float32"):
        EmotionRecognizer(checkpoint(), precision="double")


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("precision", "limit"), [("float32", 1e-5), ("float16", 5e-3), ("bfloat16", 5e-3)]
)
def test_a_gpu_says_the_same_with_memory_that_does_not_grow(
    cuda: str, weights_dir: Path, photograph: np.ndarray, precision: str, limit: float
) -> None:
    starter = load_checkpoint(weights_dir / "glamor_starter.safetensors")
    scenes = [
        Scene(Frame(photograph), tuple(FACES)),
        Scene(Frame(np.ascontiguousarray(photograph[:, ::-1])), (FACES[1], FACES[0])),
    ]
    expected = EmotionRecognizer(starter, device="cpu").recognize(scenes)
    recognizer = EmotionRecognizer(starter, device=cuda, precision=precision)
    for of_scene, of_expected in zip(recognizer.recognize(scenes), expected, strict=True):
        for found, wanted in zip(of_scene, of_expected, strict=True):
            assert abs(found.probabilities - wanted.probabilities).max() <= limit
            assert attention_of(found).weights.sum() == pytest.approx(1, abs=1e-2)

    def run(count: int) -> int:
        for _ in range(count):
            recognizer.recognize([Scene(Frame(scene.frame.bgr), scene.boxes) for scene in scenes])
        return torch.cuda.max_memory_allocated()

    warm = run(5)
    assert run(50) == warm
