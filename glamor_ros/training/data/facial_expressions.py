"""Folders of heads together with whose they are: `images/<Class>/*.jpg` and `labels.csv`.

labels.csv has the columns emotion, image (the name of the file) and identity. This is the layout of
the facial_expressions data set.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...network.emotions import EMOTIONS
from .class_folders import read_class_folders
from .samples import DatasetError, SampleSet, Skipped, emotion_index, require_samples

LABELS_FILE = "labels.csv"
COLUMNS = ("emotion", "image", "identity")


@dataclass(frozen=True)
class IdentifiedSamples:
    """Samples with the people whom they show.

    Attributes:
        sample_set: The samples.
        identities: The person in each sample, in the samples' order.
    """

    sample_set: SampleSet
    identities: tuple[str, ...]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each sample, (N,)."""
        return np.array([sample.label for sample in self.sample_set.samples], np.int64)


def read_facial_expressions(root: Path, crop_directory: Path | None = None) -> IdentifiedSamples:
    """The images whose class folder agrees with labels.csv.

    Images without a line and lines without an image are listed among the skipped.

    Args:
        root: The folder that holds `images` and labels.csv.
        crop_directory: The crop files of `<root>/images`, as extract-faces writes them; None for
            none.

    Raises:
        DatasetError: labels.csv is missing or cannot be read, or no image can be used.
    """
    identities, skipped = _read_labels(root / LABELS_FILE)
    samples, more_skipped = read_class_folders(root / "images", crop_directory)
    skipped += more_skipped
    kept, kept_identities = [], []
    for sample in samples:
        identity = identities.pop((sample.label, sample.image.name), None)
        if identity is None:
            skipped.append(Skipped(str(sample.image), f"has no line in {LABELS_FILE}"))
        else:
            kept.append(sample)
            kept_identities.append(identity)
    known = {Path(one.where).name for one in more_skipped}
    skipped += [
        Skipped(f"{root / LABELS_FILE}", f"there is no image {EMOTIONS[emotion]}/{name}")
        for emotion, name in identities
        if name not in known
    ]
    return IdentifiedSamples(require_samples(kept, skipped, str(root)), tuple(kept_identities))


def _read_labels(path: Path) -> tuple[dict[tuple[int, str], str], list[Skipped]]:
    """The identity of each class and file name."""
    if not path.is_file():
        raise DatasetError(f"there is no {path}; it must have the columns {', '.join(COLUMNS)}")
    identities: dict[tuple[int, str], str] = {}
    skipped: list[Skipped] = []
    try:
        for number, row in _rows(path):
            where = f"{path}:{number}"
            emotion = emotion_index(row["emotion"] or "")
            if emotion is None:
                skipped.append(Skipped(where, f"{row['emotion']!r} is none of the seven classes"))
            elif not row["image"] or not row["identity"]:
                skipped.append(Skipped(where, "the image or the identity is empty"))
            else:
                identities[emotion, row["image"]] = row["identity"]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} is no CSV text in UTF-8 ({error}); save it as such") from error
    return identities, skipped


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise DatasetError(f"{path} lacks the columns {', '.join(sorted(missing))}")
        for row in reader:
            yield reader.line_num, row
