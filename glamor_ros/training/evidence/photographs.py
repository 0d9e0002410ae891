"""Labelled faces in pictures, from the parts of the training data that are kept for choosing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...media.pictures import read_picture
from ...perception.detection.face_detector import FaceDetector
from ...perception.frame import Frame
from ...perception.geometry import Box
from ..data.face_splits import CHOICE, FaceSplits
from ..data.facial_expressions import read_facial_expressions
from ..data.ferplus import load_ferplus

_SURROUNDINGS_GREY = 128


@dataclass(frozen=True, eq=False)
class Photograph:
    """One labelled face.

    Attributes:
        image_bgr: (H, W, 3), uint8.
        box: The face, as a detector gives it.
        label: The class, as in EMOTIONS.
        turn: As `FaceDetection` has it; NaN: not known.
    """

    image_bgr: NDArray[np.uint8]
    box: Box
    label: int
    turn: float = float("nan")


def ferplus_photographs(path: Path, face_box_scale: float, count: int) -> list[Photograph]:
    """Faces of FER+ in grey surroundings.

    Args:
        path: ferplus_train.npz.
        face_box_scale: Of the network, which then gets the whole crop, as in the model card.
        count: How many at most.

    Raises:
        DatasetError: The file is no such dataset.
    """
    faces = load_ferplus(path, ignore_single_votes=True)
    chosen = FaceSplits().of_faces(len(faces))[CHOICE]
    chosen = np.random.default_rng(0).permutation(chosen)[:count]
    return [_surrounded(faces.images[i], int(faces.labels[i]), face_box_scale) for i in chosen]


def _surrounded(crop: NDArray[np.uint8], label: int, face_box_scale: float) -> Photograph:
    height, width = crop.shape
    framed = cv2.copyMakeBorder(
        crop, height, height, width, width, cv2.BORDER_CONSTANT, value=_SURROUNDINGS_GREY
    )
    whole = Box(width, height, 2 * width, 2 * height)
    image = cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR).astype(np.uint8)
    return Photograph(image, whole.scaled(1 / face_box_scale), label)


def head_photographs(
    directory: Path, detector: FaceDetector, count: int
) -> tuple[list[Photograph], int]:
    """Photographs of heads, with the largest face that is found in each.

    Args:
        directory: The dataset, as `facial_expressions` describes it.
        detector: Finds the faces; one that finds eyes tells how far heads are turned.
        count: How many at most.

    Returns:
        The photographs, and in how many more no face was found.

    Raises:
        DatasetError: The folder is no such dataset.
        MediaError: A photograph cannot be read.
    """
    identified = read_facial_expressions(directory)
    samples = identified.sample_set.samples
    labels = np.array([sample.label for sample in samples])
    choice = FaceSplits().of_identified(labels, identified.identities)[CHOICE]
    # In the order of the files the classes come one after the other.
    choice = np.random.default_rng(0).permutation(choice)[:count]
    photographs = []
    for place in choice:
        image = read_picture(samples[place].image)
        (found,) = detector.detect([Frame(image)])
        if found:
            face = max(found, key=lambda one: one.box.area)
            photographs.append(Photograph(image, face.box, samples[place].label, face.turn))
    return photographs, len(choice) - len(photographs)
