"""The figures of the model card, measured on images kept out of the training, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...media.pictures import read_picture
from ...network.batch_norm_folding import folded_for_inference
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

BATCH_SIZE = 128
PHOTOGRAPHS_PER_BATCH = 16
ENLARGED_PX = 160
BORDER_PX = 48

_Item = TypeVar("_Item")


class NeutralContext:
    """A network that sees every face in the same neutral context, which is encoded once.

    Args:
        network: The network; it is left as it is.
    """

    def __init__(self, network: GlamorNet) -> None:
        self._network = folded_for_inference(network)
        self._context = self._network.encode_context(neutral_surroundings(1))

    def logits(self, faces: Tensor) -> Tensor:
        """Logits (N, 7) for RGB faces (N, 3, 96, 96) in [0, 1]."""
        everybody = self._context.for_people(torch.zeros(len(faces), dtype=torch.int64))
        face_vector = self._network.encode_faces(channels_last(faces))
        return self._network.recognize(face_vector, everybody).logits


@torch.inference_mode()
def neutral_logits(network: GlamorNet, images: Tensor) -> Tensor:
    """The logits (N, 7) of grey faces in neutral contexts, in a single pass.

    Args:
        network: The network.
        images: (N, 1, h, w), uint8.
    """
    neutral = NeutralContext(network)
    return torch.cat(
        [neutral.logits(resized_faces(batch, FACE_SIZE_PX)) for batch in images.split(BATCH_SIZE)]
    )


@torch.inference_mode()
def disturbed_accuracies(
    network: GlamorNet, images: Tensor, labels: NDArray[np.int64]
) -> dict[str, float]:
    """The accuracy on grey faces in neutral contexts, by disturbance.

    Args:
        network: The network.
        images: (N, 1, h, w), uint8.
        labels: (N,).
    """
    neutral = NeutralContext(network)
    correct = dict.fromkeys(DISTURBANCES, 0)
    starts = range(BATCH_SIZE, len(labels), BATCH_SIZE)
    for batch, expected in zip(images.split(BATCH_SIZE), np.split(labels, starts), strict=True):
        faces = resized_faces(batch, FACE_SIZE_PX)
        for name, disturb in DISTURBANCES.items():
            predicted = neutral.logits(disturb(faces)).argmax(dim=1).numpy()
            correct[name] += int((predicted == expected).sum())
    return {name: count / len(labels) for name, count in correct.items()}


def predictions_of(logits: Tensor, labels: NDArray[np.int64]) -> Predictions:
    """Predictions with invented names, made from logits.

    Args:
        logits: (N, 7).
        labels: (N,).
    """
    probabilities = torch.softmax(logits, dim=1).numpy()
    return Predictions([f"face {i}" for i in range(len(labels))], labels, probabilities)


def largest_faces(detector: FaceDetector, paths: Sequence[Path]) -> list[Box | None]:
    """The face with the largest area in each photograph; None where there is none.

    Args:
        detector: What finds the faces.
        paths: The photographs.
    """
    largest: list[Box | None] = []
    for some in _batches(paths):
        for detections in detector.detect([Frame(read_picture(path)) for path in some]):
            boxes = [detection.box for detection in detections]
            largest.append(max(boxes, key=lambda box: box.width * box.height, default=None))
    return largest


def as_it_is(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image, unchanged."""
    return image_bgr


def in_grey(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image (h, w, 3) as a camera without colours gives it."""
    grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
    return cast(NDArray[np.uint8], cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))


def predict_heads(
    recognizer: EmotionRecognizer,
    heads: Heads,
    boxes: Sequence[Box | None],
    change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = as_it_is,
) -> Predictions:
    """The predictions for the face in each photograph; photographs without one are left out.

    Args:
        recognizer: What is measured.
        heads: The photographs, with their labels.
        boxes: The face in each of them; None where there is none.
        change: What is done to each photograph first.
    """
    places = [place for place, box in enumerate(boxes) if box is not None]
    estimates = []
    for some in _batches(places):
        scenes = [
            Scene(Frame(change(read_picture(heads.paths[place]))), (cast(Box, boxes[place]),))
            for place in some
        ]
        estimates += [estimate for (estimate,) in recognizer.recognize(scenes)]
    return Predictions(
        [f"{heads.paths[place].parent.name}/{heads.paths[place].name}" for place in places],
        heads.labels.numpy()[places],
        np.stack([estimate.probabilities for estimate in estimates]),
    )


def _batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), PHOTOGRAPHS_PER_BATCH):
        yield items[start : start + PHOTOGRAPHS_PER_BATCH]


def relative_box_widths(
    detector: FaceDetector, crops: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], int]:
    """How wide the detector's boxes are, in widths of the crops that they are found in.

    Crops are enlarged, and their borders repeated outwards, until the detector can see the face.

    Args:
        detector: What finds the faces.
        crops: (N, h, w), uint8.

    Returns:
        The relative widths; and the number of crops in which no face was found.
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
    """A Markdown table with a line for each set of images.

    Args:
        sets: The `Metrics.as_dict()` of each set, by its name.
    """
    header = ["Measured on", "Images", "Accuracy", "Balanced accuracy", "ECE", *EMOTIONS]
    return _table(header, [[name, *_figures(measured)] for name, measured in sets.items()])


def disturbance_table(accuracies: Mapping[str, Mapping[str, float]]) -> str:
    """A Markdown table with a line for each disturbance and a column for each file of weights.

    Args:
        accuracies: The accuracy by file and disturbance.
    """
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
