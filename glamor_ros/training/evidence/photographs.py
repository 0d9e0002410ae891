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
from ..data.open_faces import FERPLUS, open_faces
from ..evaluation.card_data import heads_photographs

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


def ferplus_photographs(
    path: Path, face_box_scale: float, count: int, splits: FaceSplits = FaceSplits()
) -> list[Photograph]:
    """Faces of FER+ in grey surroundings.

    Args:
        path: ferplus_train.npz.
        face_box_scale: Of the network, which then gets the whole crop, as in the model card.
        count: How many at most.
        splits: Which faces are for choosing.

    Raises:
        DatasetError: The file is no such dataset.
        SettingsError: It cannot be divided so.
    """
    faces = open_faces(FERPLUS, path, CHOICE, splits=splits)
    some = faces.subset(_some(len(faces), count))
    return [
        _surrounded(image[..., 0], int(label), face_box_scale)
        for image, label in zip(some.images, some.distributions.argmax(axis=1), strict=True)
    ]


def _surrounded(crop: NDArray[np.uint8], label: int, face_box_scale: float) -> Photograph:
    height, width = crop.shape
    framed = cv2.copyMakeBorder(
        crop, height, height, width, width, cv2.BORDER_CONSTANT, value=_SURROUNDINGS_GREY
    )
    whole = Box(width, height, 2 * width, 2 * height)
    image = cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR).astype(np.uint8)
    return Photograph(image, whole.scaled(1 / face_box_scale), label)


def head_photographs(
    directory: Path, detector: FaceDetector, count: int, splits: FaceSplits = FaceSplits()
) -> tuple[list[Photograph], int]:
    """Photographs of heads, with the largest face that is found in each.

    Args:
        directory: The dataset, as `facial_expressions` describes it.
        detector: Finds the faces; one that finds eyes tells how far heads are turned.
        count: How many at most.
        splits: Which people are for choosing.

    Returns:
        The photographs, and in how many more no face was found.

    Raises:
        DatasetError: The folder is no such dataset.
        MediaError: A photograph cannot be read.
        SettingsError: It cannot be divided so.
    """
    heads = heads_photographs(directory, CHOICE, splits)
    some = heads.subset(_some(len(heads), count))
    photographs = []
    for path, label in zip(some.paths, some.labels, strict=True):
        image = read_picture(path)
        (found,) = detector.detect([Frame(image)])
        if found:
            face = max(found, key=lambda one: one.box.area)
            photographs.append(Photograph(image, face.box, int(label), face.turn))
    return photographs, len(some) - len(photographs)


def _some(faces: int, count: int) -> NDArray[np.int64]:
    """At most count places, at random: in the order of files the classes follow one another."""
    return np.random.default_rng(0).permutation(faces)[:count]
