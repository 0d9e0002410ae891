"""The weights that ship do what their model card says."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open

from glamor_ros.network.checkpoint import load_checkpoint
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.perception.emotion_recognizer import EmotionRecognizer
from glamor_ros.perception.face_detector import build_face_detector
from glamor_ros.perception.geometry import Box
from glamor_ros.training.ferplus import load_ferplus
from glamor_ros.training.metrics import measure
from glamor_ros.training.starter_weights.measure import neutral_logits, predictions_of

LEAST_ACCURACY = 0.79
STARTERS = ("glamor_starter.safetensors", "glamor_starter_face.safetensors")


@pytest.mark.parametrize("name", STARTERS)
def test_accuracy_and_calibration_on_faces_kept_out(
    weights_dir: Path, shared_dir: Path, name: str
) -> None:
    faces = load_ferplus(shared_dir / "data" / "ferplus_valid.npz")
    assert len(faces) == 3529
    # Every other face: those that did not set the temperature.
    images = torch.from_numpy(np.ascontiguousarray(faces.images[1::2]))[:, None]
    network = load_checkpoint(weights_dir / name).network
    found = measure(predictions_of(neutral_logits(network, images), faces.labels[1::2]))
    assert found.accuracy >= LEAST_ACCURACY
    assert found.calibration_error <= 0.05


@pytest.mark.parametrize("photograph", ["astronaut.png", "portrait.png"])
def test_smiling_people_are_happy(weights_dir: Path, shared_dir: Path, photograph: str) -> None:
    image = cv2.imread(str(shared_dir / "images" / photograph))
    assert image is not None
    (face,) = build_face_detector("mmod").detect(image)
    recognizer = EmotionRecognizer(load_checkpoint(weights_dir / STARTERS[0]))
    box = Box(face.left, face.top, face.right, face.bottom)
    (estimate,) = recognizer.recognize(image, [box])
    assert EMOTIONS[int(estimate.probabilities.argmax())] == "Happy"
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
