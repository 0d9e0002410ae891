"""`glamor-ros build-ncaers`: the NCAER-S split from the videos of CAER."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

import typer

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.training.data import ncaers
from glamor_ros.training.data.ncaers_plan import (
    MAX_IMBALANCE,
    PART_S,
    TRAINING_FRAMES,
    PlanSettings,
)

from ..progress import progress_bar


def build_ncaers(
    caer: Path = typer.Argument(
        ..., help="CAER: its videos as `<split>/<Class>/*.avi`.", metavar="CAER_DIR"
    ),
    out: Path = typer.Argument(..., help="The folder to build in.", metavar="OUT_DIR"),
    seed: int = typer.Option(0, help="Decides which frames are drawn."),
    part_s: float = typer.Option(
        PART_S,
        min=0.1,
        help="Approximate length in seconds of the parts that give one frame each.",
    ),
    shortest_part_s: Optional[float] = typer.Option(
        None,
        min=0.1,
        help="Length in seconds to which the parts of a class may be cut that stays below its "
        "number of images; by default they are not cut.",
    ),
    per_class: Optional[int] = typer.Option(
        None,
        min=1,
        help="Largest number of training images in a class; by default as in Table 1.",
    ),
    max_imbalance: float = typer.Option(
        MAX_IMBALANCE,
        min=1,
        show_default="as in Table 1, 1.68",
        help="Largest ratio of the largest class to the smallest, in every split.",
    ),
    workers: int = typer.Option(
        os.cpu_count() or 1, min=1, help="Videos decoded at a time; by default one for each core."
    ),
) -> None:
    """Draw images from the videos of CAER, kept apart by video; an interrupted run continues.

    Then 'glamor-ros extract-faces OUT_DIR/images OUT_DIR/crop' finds the faces.
    """
    settings = PlanSettings(
        seed=seed,
        part_s=part_s,
        shortest_part_s=shortest_part_s,
        training_frames=dict.fromkeys(EMOTIONS, per_class) if per_class else TRAINING_FRAMES,
        max_imbalance=max_imbalance,
    )
    with progress_bar() as stage:
        report = ncaers.build_ncaers(
            caer,
            out,
            settings,
            workers=workers,
            on_measured=stage("measuring videos"),
            on_extracted=stage("writing images"),
        )
    typer.echo(f"{report.images} images, {report.kept} of them were there before")
    for split, counts in report.counts.items():
        classes = ", ".join(f"{name} {count}" for name, count in counts.items())
        typer.echo(f"  {split}: {sum(counts.values())} ({classes})")
    typer.echo(f"the video and frame of each image: {out / ncaers.FRAMES_FILE}")
    if report.left_out:
        typer.echo(
            f"{len(report.left_out)} files or frames left out, see {out / ncaers.LEFT_OUT_FILE}"
        )
