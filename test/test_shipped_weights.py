"""The weights that ship do what their model card says."""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from glamor_ros.media.demo_photographs import two_people
from glamor_ros.media.pictures import read_picture
from glamor_ros.network.attention import cells_of_own_face
from glamor_ros.network.emotions import EMOTIONS, UNKNOWN_EMOTION
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.engine import PeopleObserver, observe_alone
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.perception.recognition.preprocessing import Preprocessor
from glamor_ros.training.data.open_faces import FERPLUS, open_faces
from glamor_ros.training.evaluation.attention_share import attention_share
from glamor_ros.training.evaluation.card_data import heads_photographs
from glamor_ros.training.evaluation.card_measurement import DetectedHeads, prepared_faces
from glamor_ros.training.evaluation.evaluate import predict_dataset
from glamor_ros.training.evaluation.metrics import measure
from glamor_ros.training.evaluation.model_card import MeasuredCard, filled_card
from glamor_ros.training.evaluation.photographs import largest_faces, predict_photographs

WHOLE, FACE_ALONE = STARTERS = ("glamor_starter.safetensors", "glamor_starter_face.safetensors")
# What another processor's rounding may move.
SAME = 0.005


@pytest.fixture(scope="module", autouse=True)
def _all_cores() -> Iterator[None]:
    """Thousands of faces, and no other process to share the cores with."""
    threads = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def measured(weights_dir: Path) -> MeasuredCard:
    return MeasuredCard.load(weights_dir / "measured.json")


def test_the_card_tells_what_was_measured_of_these_files(
    weights_dir: Path, measured: MeasuredCard
) -> None:
    card = (weights_dir / "README.md").read_text()
    assert filled_card(card, measured) == card, (
        "run: glamor-ros model-card --json weights/measured.json --card weights/README.md"
    )
    for name in STARTERS:
        content = (weights_dir / name).read_bytes()
        figures = measured.weights[Path(name).stem]
        assert figures["sha256"] == hashlib.sha256(content).hexdigest()
        assert f"measured: {Path(name).stem}/figures" in card


@pytest.mark.slow
@pytest.mark.parametrize("name", STARTERS)
def test_faces_are_recognized_as_the_card_says(
    weights_dir: Path, shared_dir: Path, measured: MeasuredCard, name: str
) -> None:
    checkpoint = load_checkpoint(weights_dir / name)
    faces = open_faces(FERPLUS, shared_dir / "data", measured.split)
    found = measure(predict_dataset(checkpoint, prepared_faces(faces, checkpoint))).as_dict()
    told = measured.weights[Path(name).stem]["sets"][FERPLUS]
    assert found["samples"] == told["samples"] > 1000
    for figure in ("accuracy", "balanced_accuracy", "expected_calibration_error"):
        assert found[figure] == pytest.approx(told[figure], abs=SAME), figure
    assert found["accuracy"] > 0.8
    assert found["expected_calibration_error"] < 0.05


@pytest.mark.slow
def test_heads_are_recognized_as_the_card_says(
    weights_dir: Path, shared_dir: Path, measured: MeasuredCard, tmp_path: Path
) -> None:
    if "heads" not in measured.data:
        pytest.skip("the card tells nothing of heads")
    with tarfile.open(shared_dir / "data" / "facial_expressions.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    (labels_file,) = tmp_path.rglob("labels.csv")
    photographs = heads_photographs(labels_file.parent, measured.split)
    boxes = largest_faces(build_face_detector("mmod"), photographs.paths)
    heads = DetectedHeads.of(photographs, boxes)
    recognizer = EmotionRecognizer(load_checkpoint(weights_dir / WHOLE))
    found = measure(predict_photographs(recognizer, heads.photographs, heads.boxes))
    told = measured.weights[Path(WHOLE).stem]["sets"]["heads"]
    assert found.count == told["samples"]
    assert found.accuracy == pytest.approx(told["accuracy"], abs=SAME)
    assert found.recall[[EMOTIONS.index("Happy"), EMOTIONS.index("Neutral")]].min() >= 0.85


@pytest.mark.parametrize(
    ("photograph", "expected"),
    [
        ("astronaut.png", [{"Happy"}]),
        ("portrait.png", [{"Happy"}]),
        # The second man is calm: the network wavers between neutral and sad, and says so.
        ("two_people.png", [{"Happy", "Neutral"}, {"Neutral", UNKNOWN_EMOTION}]),
    ],
)
def test_photographs_are_seen_as_a_person_would(
    weights_dir: Path, images_dir: Path, photograph: str, expected: list[set[str]]
) -> None:
    recognizer = EmotionRecognizer(load_checkpoint(weights_dir / WHOLE))
    observer = PeopleObserver(build_face_detector("mmod"), recognizer)
    people = observe_alone(observer, Frame(read_picture(images_dir / photograph))).people
    assert len(people) == len(expected)
    for person, emotions in zip(people, expected, strict=True):
        assert person.emotion in emotions


@pytest.mark.parametrize("picture", ["two_people.png", "demo"])
def test_attention_finds_the_other_person(
    weights_dir: Path, images_dir: Path, picture: str
) -> None:
    image = two_people() if picture == "demo" else read_picture(images_dir / picture)
    checkpoint = load_checkpoint(weights_dir / WHOLE)
    boxes = tuple(face.box for face in build_face_detector("mmod").detect([Frame(image)])[0])
    (estimates,) = EmotionRecognizer(checkpoint).recognize([Scene(Frame(image), boxes)])
    height, width = image.shape[:2]
    scale = checkpoint.input_spec.face_box_scale
    regions = [box.scaled(scale).clipped(width, height) for box in boxes]
    own = Preprocessor(checkpoint.input_spec).own_faces(torch.from_numpy(image), regions)
    maps = [one.attention.weights for one in estimates if one.attention is not None]
    attention = torch.from_numpy(np.stack(maps))
    assert attention.sum(dim=(1, 2)) == pytest.approx([1.0, 1.0], abs=1e-5)
    on_other = attention_share(attention, own.flip(0), own)
    assert (on_other.attention / on_other.even).min() >= 2
    left_out = cells_of_own_face(own, *attention.shape[1:]).view_as(attention)
    assert left_out.flatten(1).any(dim=1).all()
    assert attention[left_out].abs().max() == 0


@pytest.mark.parametrize("people", [1, 2, 5, 16])
def test_everybody_shares_one_scene_exactly(weights_dir: Path, people: int) -> None:
    checkpoint = load_checkpoint(weights_dir / WHOLE)
    image = two_people()
    boxes = tuple(Box(30 * i, 20 * i, 30 * i + 96, 20 * i + 96) for i in range(people))
    scene = Scene(Frame(image), boxes)
    (shared,) = EmotionRecognizer(checkpoint, context_mode="shared").recognize([scene])
    (alone,) = EmotionRecognizer(checkpoint, context_mode="per_person").recognize([scene])
    for one, other in zip(shared, alone, strict=True):
        assert (one.probabilities == other.probabilities).all()


@pytest.mark.parametrize("name", [*STARTERS, "mmod_human_face_detector.safetensors"])
def test_every_file_has_a_model_card_and_tells_its_origin(weights_dir: Path, name: str) -> None:
    card = (weights_dir / "README.md").read_text()
    assert f"## {name}" in card
    assert hashlib.sha256((weights_dir / name).read_bytes()).hexdigest() in card
    with safe_open(weights_dir / name, framework="pt") as file:
        metadata = file.metadata()
    provenance = metadata.get("provenance") or json.loads(metadata["mmod"])["provenance"]
    assert provenance
