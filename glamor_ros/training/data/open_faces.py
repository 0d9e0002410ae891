"""Datasets of faces without scenes by name: FER+ and facial_expressions, or both packed.

`ferplus`: an archive as `ferplus` reads it, which gives "train" and "choice"; or the folder of
ferplus_train.npz and ferplus_valid.npz, whose second is "held_out".
`heads`: the folder of facial_expressions, with crop files of each detector in `crop/<detector>`.
Both: a file made by `glamor-ros pack-training-data`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...media.pictures import read_picture
from ...perception.geometry import Box
from .crop_files import CROP_SUFFIX, CropFileError, read_crop_file
from .face_crops import CropSettings, FaceCrops, cut_face
from .face_splits import CHOICE, FACE_SPLITS, HELD_OUT, TRAIN, FaceSplits
from .facial_expressions import read_facial_expressions
from .ferplus import load_ferplus
from .packed_faces import is_packed, load_packed
from .samples import DatasetError, Sample

FERPLUS, HEADS = "ferplus", "heads"
FACE_DATASETS = (FERPLUS, HEADS)
# The first that finds a face decides where the photograph is cut.
HEAD_DETECTORS = ("mmod", "yunet")
TRAIN_ARCHIVE, HELD_OUT_ARCHIVE = "ferplus_train.npz", "ferplus_valid.npz"


def open_faces(
    name: str,
    path: Path,
    split: str,
    *,
    splits: FaceSplits = FaceSplits(),
    crop: CropSettings = CropSettings(),
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> FaceCrops:
    """The faces of one split of a dataset.

    Args:
        name: One of FACE_DATASETS.
        path: Where it is, see above.
        split: One of FACE_SPLITS.
        splits: How it is divided; a packed file is divided already.
        crop: The size at which photographs are cut; that of a packed file is fixed.
        on_progress: Called with the numbers of photographs done and of all.

    Raises:
        DatasetError: There is no such dataset or split, or it cannot be used.
        MediaError: A photograph cannot be read.
        SettingsError: It cannot be divided so.
    """
    if name not in FACE_DATASETS:
        raise DatasetError(f"unknown dataset '{name}'; known are {', '.join(FACE_DATASETS)}")
    if split not in FACE_SPLITS:
        raise DatasetError(
            f"unknown split '{split}' of '{name}'; known are {', '.join(FACE_SPLITS)}"
        )
    if is_packed(path):
        return load_packed(path, name, split)
    if name == FERPLUS:
        return _ferplus(path, split, splits)
    return _heads(path, split, splits, crop, on_progress)


def _ferplus(path: Path, split: str, splits: FaceSplits) -> FaceCrops:
    if path.is_dir():
        path /= HELD_OUT_ARCHIVE if split == HELD_OUT else TRAIN_ARCHIVE
    elif split == HELD_OUT:
        raise DatasetError(
            f"{path} is one archive and has the splits {TRAIN} and {CHOICE}; for {HELD_OUT} give "
            f"the folder of {TRAIN_ARCHIVE} and {HELD_OUT_ARCHIVE}"
        )
    # Single votes are noise to learn from; what is measured keeps all that was said.
    faces = load_ferplus(path, ignore_single_votes=split != HELD_OUT)
    names = tuple(f"{path.name}:{number}" for number in range(len(faces)))
    crops = FaceCrops(faces.images[..., None], None, faces.distributions, names)
    return crops if split == HELD_OUT else crops.subset(splits.of_faces(len(crops))[split])


def _heads(
    path: Path,
    split: str,
    splits: FaceSplits,
    crop: CropSettings,
    on_progress: Callable[[int, int], None],
) -> FaceCrops:
    identified = read_facial_expressions(path)
    samples = identified.sample_set.samples
    # Before those without a face are left out, so that the detectors do not change the splits.
    places = splits.of_identified(identified.labels, identified.identities)[split]
    chosen = [samples[place] for place in places]
    boxes = [_boxes(path, sample.image) for sample in chosen]
    found = [(s, b) for s, b in zip(chosen, boxes, strict=True) if any(box for box in b)]
    if not found:
        raise DatasetError(f"no detector found a face in the split '{split}' of {path}")
    side_px = crop.side_px
    images = np.empty((len(found), side_px, side_px, 3), np.uint8)
    in_crops = np.empty((len(found), len(HEAD_DETECTORS), 3), np.float32)

    def cut(place: int) -> None:
        sample, of_sample = found[place]
        images[place], in_crops[place] = cut_face(read_picture(sample.image), of_sample, crop)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(cut, range(len(found))), start=1):
            on_progress(done, len(found))
    return FaceCrops(
        images,
        in_crops,
        _distributions([sample for sample, _ in found]),
        tuple(s.image.relative_to(path).as_posix() for s, _ in found),
    )


def _boxes(root: Path, image: Path) -> list[Box | None]:
    """What each of HEAD_DETECTORS found in a photograph."""
    inside = image.relative_to(root / "images").with_suffix(CROP_SUFFIX)
    try:
        return [read_crop_file(root / "crop" / name / inside) for name in HEAD_DETECTORS]
    except CropFileError as error:
        commands = "; ".join(
            f"glamor-ros extract-faces {root / 'images'} {root / 'crop' / name} --detector {name} "
            "--upsample 0"
            for name in HEAD_DETECTORS
        )
        raise DatasetError(f"{error}; make them once with: {commands}") from error


def _distributions(samples: Sequence[Sample]) -> NDArray[np.float32]:
    return np.array([sample.distribution for sample in samples], np.float32)
