"""What the model card says: measured on images kept out of the training, written as its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...media.pictures import read_picture
from ...network.emotions import EMOTIONS
from ...network.glamor_net import GlamorNet
from ...perception.detection.face_detector import FaceDetector
from ...perception.frame import Frame, Scene
from ...perception.geometry import Box
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from ..evaluation.predictions import Predictions
from .disturbances import DISTURBANCES
from .face_stage import resized_faces
from .heads import Heads
from .joint_stage import FACE_SIZE_PX
from .optimization import channels_last
from .surroundings import neutral_surroundings

ENLARGED_PX = 160
BORDER_PX = 48


@torch.inference_mode()
def neutral_logits(network: GlamorNet, images: Tensor) -> Tensor:
    """Logits (N, 7) for grey faces (N, 1, h, w), uint8, in neutral contexts, in a single pass."""
    return torch.cat(
        [
            network(resized_faces(batch, FACE_SIZE_PX), neutral_surroundings(len(batch))).logits
            for batch in images.split(128)
        ]
    )


@torch.inference_mode()
def disturbed_accuracies(
    network: GlamorNet, images: Tensor, labels: NDArray[np.int64]
) -> dict[str, float]:
    """Accuracy on grey faces (N, 1, h, w), uint8, in neutral contexts, by disturbance."""
    correct = dict.fromkeys(DISTURBANCES, 0)
    for batch, expected in zip(
        images.split(128), np.split(labels, range(128, len(labels), 128)), strict=True
    ):
        faces, contexts = resized_faces(batch, FACE_SIZE_PX), neutral_surroundings(len(batch))
        for name, disturb in DISTURBANCES.items():
            predicted = (
                network(channels_last(disturb(faces)), contexts).logits.argmax(dim=1).numpy()
            )
            correct[name] += int((predicted == expected).sum())
    return {name: count / len(labels) for name, count in correct.items()}


def predictions_of(logits: Tensor, labels: NDArray[np.int64]) -> Predictions:
    """Logits (N, 7) and labels (N,) as predictions with made names."""
    probabilities = torch.softmax(logits, dim=1).numpy()
    return Predictions([f"face {i}" for i in range(len(labels))], labels, probabilities)


def largest_face(detector: FaceDetector, path: Path) -> Box | None:
    """Of the faces in a photograph the one with the largest area, None where there is none."""
    (detections,) = detector.detect([Frame(read_picture(path))])
    boxes = [detection.box for detection in detections]
    return max(boxes, key=lambda box: box.width * box.height, default=None)


def as_it_is(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image itself."""
    return image_bgr


def in_grey(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 3) as a camera without colours gives it."""
    grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
    return cast(NDArray[np.uint8], cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))


def predict_heads(
    recognizer: EmotionRecognizer,
    heads: Heads,
    boxes: Sequence[Box | None],
    change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = as_it_is,
) -> Predictions:
    """Recognition of the face in each photograph's box; those without one are left out.

    change: what becomes of the photograph before.
    """
    places = [place for place, box in enumerate(boxes) if box is not None]
    images = (change(read_picture(heads.paths[place])) for place in places)
    estimates = [
        recognizer.recognize([Scene(Frame(image), (cast(Box, boxes[place]),))])[0][0]
        for place, image in zip(places, images, strict=True)
    ]
    return Predictions(
        [f"{heads.paths[place].parent.name}/{heads.paths[place].name}" for place in places],
        heads.labels.numpy()[places],
        np.stack([estimate.probabilities for estimate in estimates]),
    )


def relative_box_widths(
    detector: FaceDetector, crops: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], int]:
    """Widths of the boxes over those of the crops (N, h, w), and in how many there was no face.

    Crops are enlarged, and their borders repeated outwards, until the detector can see the face.
    """
    widths = []
    for crop in crops:
        enlarged = cv2.resize(crop, (ENLARGED_PX, ENLARGED_PX), interpolation=cv2.INTER_CUBIC)
        framed = np.pad(enlarged, BORDER_PX, mode="edge")
        # The repeated border's stripes would be edges to the detector.
        image = cv2.cvtColor(cv2.GaussianBlur(framed, (0, 0), 1), cv2.COLOR_GRAY2BGR)
        (detections,) = detector.detect([Frame(image.astype(np.uint8))])
        if detections:
            best = max(detections, key=lambda detection: detection.score)
            widths.append(best.box.width / ENLARGED_PX)
    return np.array(widths), len(crops) - len(widths)


def accuracy_table(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """A line for each set of images; its values are `Metrics.as_dict()`."""
    header = ["Measured on", "Images", "Accuracy", "Balanced accuracy", "ECE", *EMOTIONS]
    return _table(header, [[name, *_figures(measured)] for name, measured in sets.items()])


def disturbance_table(accuracies: Mapping[str, Mapping[str, float]]) -> str:
    """By file and disturbance; a line for each disturbance."""
    names = next(iter(accuracies.values()))
    rows = [[name, *(f"{one[name]:.3f}" for one in accuracies.values())] for name in names]
    return _table(["FER+ validation with", *accuracies], rows)


def _figures(measured: Mapping[str, Any]) -> list[str]:
    whole = ("accuracy", "balanced_accuracy", "expected_calibration_error")
    classes = [measured["classes"][name]["accuracy"] for name in EMOTIONS]
    return [
        str(measured["samples"]),
        *(f"{measured[key]:.3f}" for key in whole),
        *("–" if accuracy is None else f"{accuracy:.2f}" for accuracy in classes),
    ]


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
