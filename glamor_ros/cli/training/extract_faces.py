"""`glamor-ros extract-faces`: the crop files of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer

from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.device import require_device
from glamor_ros.training.data import face_extraction

from ..detector_options import (
    DETECTOR_OPTION,
    DETECTOR_WEIGHTS_OPTION,
    DEVICE_OPTION,
    report_device,
    upsample_option,
)
from ..progress import progress_bar

SHOWN = 10


def extract_faces(
    images_directory: Path = typer.Argument(
        ..., metavar="IMAGES_DIR", help="Images, in folders of any depth."
    ),
    crop_directory: Path = typer.Argument(
        ..., metavar="CROP_DIR", help="Where the crop files go, in the same folders."
    ),
    detector: str = DETECTOR_OPTION,
    detector_weights: Optional[Path] = DETECTOR_WEIGHTS_OPTION,
    upsample: int = upsample_option(1),
    device: str = DEVICE_OPTION,
    overwrite: bool = typer.Option(
        False, "--overwrite", help="Replace crop files that are there already."
    ),
) -> None:
    """Write the box of the face in every image of a dataset; an interrupted run continues.

    A crop file holds x1,y1,x2,y2 in pixels, for the face with the highest score, or 0,0,0,0.
    """
    torch_device = require_device(device)
    face_detector = build_face_detector(
        detector, upsample=upsample, device=str(torch_device), weights=detector_weights
    )
    report_device(torch_device)
    with progress_bar() as stage:
        report = face_extraction.extract_faces(
            images_directory,
            crop_directory,
            face_detector,
            overwrite=overwrite,
            on_progress=stage("detecting faces"),
        )
    typer.echo(
        f"{report.images} images: {report.with_face} with a face, {len(report.without_face)} "
        f"without, {len(report.unreadable)} that cannot be used; {report.kept} were done before"
    )
    problems = [f"no face: {image}" for image in report.without_face]
    problems += [f"cannot be used: {one}" for one in report.unreadable]
    for problem in problems[:SHOWN]:
        typer.echo(f"  {problem}")
    if problems:
        typer.echo(f"the whole list is in {crop_directory / face_extraction.REPORT_FILE}")
