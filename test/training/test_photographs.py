"""Photographs of heads through detector and recognizer, and what a card is measured on."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.training.data.samples import DatasetError
from glamor_ros.training.evaluation.card_data import (
    CardDataError,
    heads_photographs,
    require_card_split,
)
from glamor_ros.training.evaluation.card_measurement import DetectedHeads
from glamor_ros.training.evaluation.photographs import (
    Photographs,
    in_grey,
    largest_faces,
    predict_photographs,
)


def folder_of_heads(root: Path, people: int) -> Path:
    """Two pictures of each person, with the classes in turn."""
    rows = []
    for person in range(people):
        emotion = EMOTIONS[person % 7]
        (root / "images" / emotion).mkdir(parents=True, exist_ok=True)
        for number in range(2):
            name = f"{person}_{number}.png"
            cv2.imwrite(str(root / "images" / emotion / name), np.full((4, 4, 3), person, np.uint8))
            rows.append((emotion, name, f"person {person}"))
    with (root / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("emotion", "image", "identity"))
        writer.writerows(rows)
    return root


def test_splits_share_nobody(tmp_path: Path) -> None:
    root = folder_of_heads(tmp_path, 140)
    held_out = heads_photographs(root, "held_out")
    choice = heads_photographs(root, "choice")
    assert 0.25 * 280 < len(held_out) < 0.35 * 280
    assert 0.1 * 196 < len(choice) < 0.2 * 196
    assert not set(held_out.identities) & set(choice.identities)
    for photographs in (held_out, choice):
        for path, label, person in zip(
            photographs.paths, photographs.labels, photographs.identities, strict=True
        ):
            assert EMOTIONS[label] == path.parent.name
            assert person == f"person {path.stem.split('_')[0]}"
    with pytest.raises(DatasetError, match=r"labels\.csv"):
        heads_photographs(tmp_path / "images", "held_out")
    with pytest.raises(CardDataError, match=r"'train'.*held_out, choice"):
        require_card_split("train")


def test_from_files_to_predictions(tmp_path: Path) -> None:
    """The astronaut, an empty picture, and the astronaut smaller beside herself."""
    astronaut = np.ascontiguousarray(data.astronaut()[:256, 90:340, ::-1])
    smaller = cv2.resize(astronaut, (188, 192))
    both = np.full((256, 450, 3), 90, np.uint8)
    both[:192, :188] = smaller
    both[:, 200:] = astronaut
    pictures = [astronaut, np.full((240, 240, 3), 90, np.uint8), both]
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path, picture in zip(paths, pictures, strict=True):
        cv2.imwrite(str(path), picture)
    progress: list[tuple[int, int]] = []
    boxes = largest_faces(
        build_face_detector("mmod"), paths, lambda done, total: progress.append((done, total))
    )
    assert progress[-1] == (3, 3)
    assert boxes[1] is None
    assert boxes[0] is not None
    assert boxes[2] is not None
    assert boxes[2].left - boxes[0].left == pytest.approx(200, abs=12)
    heads = DetectedHeads.of(Photographs(paths, np.array([3, 4, 5]), ["a", "b", "c"]), boxes)
    assert heads.without_face == 1
    assert heads.photographs.labels.tolist() == [3, 5]
    assert list(heads.photographs.identities) == ["a", "c"]
    architecture = Architecture()
    recognizer = EmotionRecognizer(
        Checkpoint(build_glamor_net(architecture).eval(), architecture, InputSpec())
    )
    found = predict_photographs(recognizer, heads.photographs, heads.boxes)
    assert list(found.names) == [f"{tmp_path.name}/0.png", f"{tmp_path.name}/2.png"]
    box = boxes[2]
    ((expected,),) = recognizer.recognize([Scene(Frame(both), (box,))])
    np.testing.assert_allclose(found.probabilities[1], expected.probabilities, atol=1e-5)
    grey = predict_photographs(recognizer, heads.photographs, heads.boxes, in_grey)
    assert not np.allclose(grey.probabilities, found.probabilities, atol=1e-6)
    assert in_grey(np.full((2, 2, 3), (0, 0, 255), np.uint8)).tolist() == [[[76] * 3] * 2] * 2
