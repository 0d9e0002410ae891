"""Crop files for a folder of images, made with a face detector."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...atomic_file import atomic_write
from ...media.files import files_under, is_picture_file
from ...media.pictures import MediaError, read_picture
from ...perception.detection.face_detector import FaceDetection, FaceDetector, FaceDetectorError
from ...perception.frame import Frame
from ...perception.geometry import Box
from .crop_files import CROP_SUFFIX, CropFileError, read_crop_file, write_crop_file
from .samples import DatasetError, Skipped

REPORT_FILE = "extract_faces_report.csv"


@dataclass(frozen=True)
class ExtractionReport:
    """The result of a search for faces in a folder of images.

    Attributes:
        images: The number of images.
        kept: The number of images that had a valid crop file before.
        without_face: Images whose crop file says 0,0,0,0.
        unreadable: Images that got no crop file, and why.
    """

    images: int
    kept: int
    without_face: tuple[Path, ...]
    unreadable: tuple[Skipped, ...]

    @property
    def with_face(self) -> int:
        """The number of images with a face."""
        return self.images - len(self.without_face) - len(self.unreadable)


def extract_faces(
    images_directory: Path,
    crop_directory: Path,
    detector: FaceDetector,
    *,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ExtractionReport:
    """Write a crop file for every image below a folder, and REPORT_FILE beside them.

    Of several faces, the one with the highest score counts, as in the released code.

    Args:
        images_directory: The folder that is searched, with all folders in it.
        crop_directory: Where the crop files go, under the same names.
        detector: What finds the faces.
        overwrite: Whether valid crop files are made anew. They are kept otherwise, so that an
            interrupted run continues where it was.
        on_progress: Called with the number of images done and of all images.

    Raises:
        DatasetError: There is no image.
        OutputError: A file cannot be written.
    """
    if not images_directory.is_dir():
        raise DatasetError(f"there is no folder {images_directory}")
    images = [path for path in files_under(images_directory) if is_picture_file(path)]
    if not images:
        raise DatasetError(f"there is no image in {images_directory}")
    kept = 0
    without_face: list[Path] = []
    unreadable: list[Skipped] = []
    owners: dict[Path, Path] = {}
    for done, image in enumerate(images):
        on_progress(done, len(images))
        crop_file = (crop_directory / image.relative_to(images_directory)).with_suffix(CROP_SUFFIX)
        owner = owners.setdefault(crop_file, image)
        if owner != image:
            unreadable.append(Skipped(str(image), f"its crop file is that of {owner.name}"))
            continue
        try:
            is_kept = not overwrite and _is_valid(crop_file)
            box = read_crop_file(crop_file) if is_kept else _best_face(image, detector)
        except MediaError as error:
            unreadable.append(Skipped(str(image), error.problem))
            continue
        except FaceDetectorError as error:
            unreadable.append(Skipped(str(image), str(error)))
            continue
        if is_kept:
            kept += 1
        else:
            write_crop_file(crop_file, box)
        if box is None:
            without_face.append(image)
    on_progress(len(images), len(images))
    report = ExtractionReport(len(images), kept, tuple(without_face), tuple(unreadable))
    atomic_write(crop_directory / REPORT_FILE, _report_csv(report).encode())
    return report


def _is_valid(crop_file: Path) -> bool:
    try:
        read_crop_file(crop_file)
    except CropFileError:
        return False
    return True


def _best_face(image: Path, detector: FaceDetector) -> Box | None:
    def score(detection: FaceDetection) -> float:
        return detection.score

    best = max(detector.detect([Frame(read_picture(image))])[0], key=score, default=None)
    return best.box if best else None


def _report_csv(report: ExtractionReport) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "problem"])
    writer.writerows([str(image), "no face"] for image in report.without_face)
    writer.writerows([one.where, one.reason] for one in report.unreadable)
    return text.getvalue()
