"""The weights that ship do what their model card says."""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
import torch
from safetensors import safe_open

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.training.data.open_faces import FERPLUS, open_faces
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
        ("portrait.png", [{"Happy", "Neutral"}]),
        ("two_people.png", [{"Happy", "Neutral"}] * 2),
    ],
)
def test_photographs_are_seen_as_a_person_would(
    weights_dir: Path, images_dir: Path, photograph: str, expected: list[set[str]]
) -> None:
    image = cv2.imread(str(images_dir / photograph))
    assert image is not None
    recognizer = EmotionRecognizer(load_checkpoint(weights_dir / WHOLE))
    faces = build_face_detector("mmod").detect([Frame(image)])[0]
    (estimates,) = recognizer.recognize([Scene(Frame(image), tuple(face.box for face in faces))])
    assert len(estimates) == len(expected)
    for estimate, emotions in zip(estimates, expected, strict=True):
        assert EMOTIONS[int(estimate.probabilities.argmax())] in emotions
        assert estimate.attention is not None
        assert estimate.attention.weights.max() < 0.5  # it does not sit on one cell


@pytest.mark.parametrize("name", [*STARTERS, "mmod_human_face_detector.safetensors"])
def test_every_file_has_a_model_card_and_tells_its_origin(weights_dir: Path, name: str) -> None:
    card = (weights_dir / "README.md").read_text()
    assert f"## {name}" in card
    assert hashlib.sha256((weights_dir / name).read_bytes()).hexdigest() in card
    with safe_open(weights_dir / name, framework="pt") as file:
        metadata = file.metadata()
    provenance = metadata.get("provenance") or json.loads(metadata["mmod"])["provenance"]
    assert provenance
