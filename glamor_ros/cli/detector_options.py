"""The options with which commands choose the face detector and where it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from ..perception.detection.build import DETECTOR_NAMES
from ..perception.detection.face_detector import MAX_UPSAMPLE
from ..perception.device import describe_device
from .console import message_console

DetectorOption = Annotated[str, typer.Option(help=f"Face detector: {', '.join(DETECTOR_NAMES)}.")]
DetectorWeightsOption = Annotated[
    Path | None,
    typer.Option(
        help="The detector's weights: .safetensors for mmod, .dat for dlib_cnn.",
        show_default="shipped",
    ),
]
UpsampleOption = Annotated[
    int,
    typer.Option(
        min=0,
        max=MAX_UPSAMPLE,
        help="Double the image so many times before detection: each time finds faces half as large "
        "(80 px at 0) and takes four times as long.",
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option(
        help="auto, cpu, cuda or cuda:N; auto is the GPU where there is one, else the processor."
    ),
]


def report_device(device: torch.device) -> None:
    """Tell on stderr where the networks run."""
    message_console().print(f"running on {describe_device(device)}")
