"""What the model card says: accuracy and calibration on faces and heads kept out of training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...network.emotions import EMOTIONS
from ...network.glamor_net import GlamorNet
from ...perception.emotion_recognizer import EmotionRecognizer
from ...perception.face_detector import FaceDetection, FaceDetector
from ...perception.geometry import Box
from ..ferplus import LabelledFaces
from .face_stage import resized_faces
from .joint_stage import FACE_SIZE_PX
from .surroundings import neutral_surroundings

CALIBRATION_BINS = 15


def expected_calibration_error(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> float:
    """Mean gap of confidence and accuracy over equal bins of confidence; (N, 7) and (N,)."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [
        abs(confidence[bins == b].mean() - correct[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    return float(sum(gaps))


def summary(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Any]:
    """Accuracy, balanced accuracy, recall of each class, ECE and the count of each class."""
    predicted = probabilities.argmax(axis=1)
    recalls = {
        name: float((predicted[labels == index] == index).mean())
        for index, name in enumerate(EMOTIONS)
        if (labels == index).any()
    }
    return {
        "images": len(labels),
        "accuracy": float((predicted == labels).mean()),
        "balanced_accuracy": float(np.mean(list(recalls.values()))),
        "recall": recalls,
        "counts": {name: int((labels == index).sum()) for index, name in enumerate(EMOTIONS)},
        "expected_calibration_error": expected_calibration_error(probabilities, labels),
    }


@torch.inference_mode()
def neutral_logits(network: GlamorNet, images: Tensor) -> Tensor:
    """Logits (N, 7) for grey faces (N, 1, h, w), uint8, in neutral contexts, in a single pass."""
    return torch.cat(
        [
            network(resized_faces(batch, FACE_SIZE_PX), neutral_surroundings(len(batch))).logits
            for batch in images.split(128)
        ]
    )


def largest(detections: Sequence[FaceDetection]) -> FaceDetection | None:
    """The detection with the largest area, None of none."""
    return max(detections, key=lambda d: (d.right - d.left) * (d.bottom - d.top), default=None)


def measure_heads(
    detector: FaceDetector,
    recognizer: EmotionRecognizer,
    paths: Sequence[Path],
    labels: NDArray[np.int64],
) -> dict[str, Any]:
    """The whole pipeline on photographs: the largest face that the detector finds in each."""
    probabilities, found = [], []
    for index, path in enumerate(paths):
        image = cast(NDArray[np.uint8], cv2.imread(str(path)))
        face = largest(detector.detect(image))
        if face is None:
            continue
        box = Box(face.left, face.top, face.right, face.bottom)
        probabilities.append(recognizer.recognize(image, [box])[0].probabilities)
        found.append(index)
    return {
        **summary(np.stack(probabilities), labels[found]),
        "without_a_detected_face": len(paths) - len(found),
    }


def ferplus_summary(logits: Tensor, faces: LabelledFaces) -> dict[str, Any]:
    """The summary on FER+ faces; the label is the class with the most votes."""
    return summary(torch.softmax(logits, dim=1).numpy(), faces.labels)
