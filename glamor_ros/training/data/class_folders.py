"""Folders named after the emotion that their images show: `<directory>/<Class>/*`."""

from __future__ import annotations

from pathlib import Path

from ...media.files import files_under, is_hidden, is_picture_file
from .crop_files import CROP_SUFFIX, CropFileError, read_crop_file
from .samples import DatasetError, Sample, Skipped, emotion_index, one_hot


def read_class_folders(
    directory: Path, crop_directory: Path | None
) -> tuple[list[Sample], list[Skipped]]:
    """The images in the class folders, sorted by class folder and name.

    An image without its crop file is left out: nothing is known of its face.

    Args:
        directory: The folder of the class folders.
        crop_directory: Holds `<Class>/<image without suffix>.txt`; without it no sample has a box.

    Returns:
        The samples; and the files left out.

    Raises:
        DatasetError: The directory is missing.
    """
    if not directory.is_dir():
        raise DatasetError(f"there is no folder {directory}")
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for entry in sorted(directory.iterdir(), key=lambda path: path.name):
        if is_hidden(entry):
            continue
        emotion = emotion_index(entry.name) if entry.is_dir() else None
        for path in files_under(entry) if entry.is_dir() else [entry]:
            if emotion is None:
                skipped.append(Skipped(str(path), _why_unlabelled(entry)))
            elif not is_picture_file(path):
                skipped.append(Skipped(str(path), "is no image by its name"))
            else:
                crop_file = _crop_file(path, directory, crop_directory)
                try:
                    box = read_crop_file(crop_file) if crop_file else None
                except CropFileError as error:
                    skipped.append(Skipped(str(path), str(error)))
                else:
                    samples.append(Sample(path, box, one_hot(emotion)))
    return samples, skipped


def _crop_file(path: Path, directory: Path, crop_directory: Path | None) -> Path | None:
    if crop_directory is None:
        return None
    return (crop_directory / path.relative_to(directory)).with_suffix(CROP_SUFFIX)


def _why_unlabelled(entry: Path) -> str:
    if entry.is_dir():
        return f"the folder {entry.name!r} is none of the seven classes"
    return "lies in no class folder"
