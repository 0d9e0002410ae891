"""Opening the images of `model-card` and `calibrate`, and finding the faces in them once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from ...perception.detection.build import build_face_detector
from ...training.data.face_crops import FaceCrops
from ...training.data.open_faces import FACE_DATASETS, FERPLUS, HEADS, open_faces
from ...training.evaluation.card_data import CardDataError, heads_photographs
from ...training.evaluation.card_measurement import DetectedHeads
from ...training.evaluation.photographs import largest_faces
from .named_paths import named_paths

DATA_OPTION: Any = typer.Option(
    [],
    "--data",
    metavar="NAME=PATH",
    help="ferplus=FOLDER of ferplus_train.npz and ferplus_valid.npz, heads=FOLDER with images/ and "
    "labels.csv; give one or both.",
)


def face_data(given: Sequence[str]) -> dict[str, Path]:
    """The paths of the data sets by name, from the texts of DATA_OPTION.

    Raises:
        NamedPathError: A text is no NAME=PATH of these data sets, or one comes twice.
    """
    return named_paths("--data", given, FACE_DATASETS)


def open_crops(paths: Mapping[str, Path], split: str) -> FaceCrops | None:
    """The FER+ faces among the data; None where there are none."""
    return open_faces(FERPLUS, paths[FERPLUS], split) if FERPLUS in paths else None


def detect_heads(
    paths: Mapping[str, Path],
    split: str,
    detector: str,
    detector_weights: Path | None,
    stage: Callable[[str], Callable[[int, int], None]],
) -> DetectedHeads | None:
    """The photographs of heads among the data, with the face in each; None where there are none.

    Args:
        paths: The paths of the data sets by name.
        split: See `heads_photographs`.
        detector: The name of the face detector.
        detector_weights: Its weights; None for those that ship.
        stage: See `progress_bar`.
    """
    if HEADS not in paths:
        return None
    photographs = heads_photographs(paths[HEADS], split)
    # On the processor, as the figures of faces: a card is the same wherever it is made.
    finder = build_face_detector(detector, device="cpu", weights=detector_weights)
    boxes = largest_faces(finder, photographs.paths, stage("detecting faces"))
    heads = DetectedHeads.of(photographs, boxes)
    if not heads.boxes:
        raise CardDataError(
            f"{detector} finds no face in any of the {len(photographs)} photographs of "
            f"{paths[HEADS]}; they must be 100 px and more"
        )
    return heads


def require_data(paths: Mapping[str, Path]) -> None:
    """Refuse to go on without any data.

    Raises:
        CardDataError: There is none.
    """
    if not paths:
        options = " or ".join(f"--data {name}=PATH" for name in FACE_DATASETS)
        raise CardDataError(f"there is nothing to measure on: give {options}, or both")
