"""Labelled photographs of heads, recognized as a camera's images are: detector, then network."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...media.pictures import read_picture
from ...perception.detection.face_detector import FaceDetector
from ...perception.frame import Frame, Scene
from ...perception.geometry import Box
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from .predictions import Predictions

PHOTOGRAPHS_PER_BATCH = 16

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Photographs:
    """Photographs of one person each, with a label and an identity.

    Attributes:
        paths: The files.
        labels: (N,), int64.
        identities: The person in each photograph.
    """

    paths: Sequence[Path]
    labels: NDArray[np.int64]
    identities: Sequence[Hashable]

    def subset(self, index: NDArray[np.int64]) -> Photographs:
        """The photographs at these places."""
        return Photographs(
            [self.paths[i] for i in index],
            self.labels[index],
            [self.identities[i] for i in index],
        )

    def __len__(self) -> int:
        return len(self.paths)


def largest_faces(
    detector: FaceDetector,
    paths: Sequence[Path],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Box | None]:
    """The face with the largest area in each photograph; None where there is none.

    Args:
        detector: What finds the faces.
        paths: The photographs.
        on_progress: Called with the numbers of photographs done and of all.

    Raises:
        MediaError: A photograph cannot be read.
    """
    largest: list[Box | None] = []
    for some in _batches(paths):
        for detections in detector.detect([Frame(read_picture(path)) for path in some]):
            boxes = [detection.box for detection in detections]
            largest.append(max(boxes, key=lambda box: box.area, default=None))
        on_progress(len(largest), len(paths))
    return largest


def as_it_is(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image, unchanged."""
    return image_bgr


def in_grey(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image (h, w, 3) as a camera without colours gives it."""
    grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
    return cast(NDArray[np.uint8], cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))


def predict_photographs(
    recognizer: EmotionRecognizer,
    photographs: Photographs,
    boxes: Sequence[Box],
    change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = as_it_is,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Predictions:
    """The predictions for the face in each photograph.

    Args:
        recognizer: What is measured.
        photographs: The photographs.
        boxes: The face in each of them.
        change: What is done to each photograph first.
        on_progress: Called with the numbers of photographs done and of all.
    """
    probabilities: list[NDArray[np.float32]] = []
    for some in _batches(range(len(photographs))):
        scenes = [
            Scene(Frame(change(read_picture(photographs.paths[place]))), (boxes[place],))
            for place in some
        ]
        probabilities += [one.probabilities for (one,) in recognizer.recognize(scenes)]
        on_progress(len(probabilities), len(photographs))
    names = [f"{path.parent.name}/{path.name}" for path in photographs.paths]
    return Predictions(names, photographs.labels, np.stack(probabilities))


def _batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), PHOTOGRAPHS_PER_BATCH):
        yield items[start : start + PHOTOGRAPHS_PER_BATCH]
