"""The options that choose the face detector and the device it runs on."""

from __future__ import annotations

from typing import Any

import torch
import typer

from ..perception.detection.build import DETECTOR_NAMES
from ..perception.detection.face_detector import MAX_UPSAMPLE
from ..perception.device import AUTO, describe_device
from .console import message_console

DETECTOR_OPTION: Any = typer.Option(
    DETECTOR_NAMES[0], help=f"Face detector: {', '.join(DETECTOR_NAMES)}."
)
DETECTOR_WEIGHTS_OPTION: Any = typer.Option(
    None,
    help="The detector's weights: .safetensors for mmod, .dat for dlib_cnn.",
    show_default="shipped",
)
DEVICE_OPTION: Any = typer.Option(
    AUTO, help="auto, cpu, cuda or cuda:N; auto is the GPU where there is one, else the processor."
)


def report_device(device: torch.device) -> None:
    """Say on stderr where the networks run."""
    message_console().print(f"running on {describe_device(device)}")


def upsample_option(default: int) -> Any:
    """The option for how often the image is doubled, with the default that suits the command."""
    return typer.Option(
        default,
        min=0,
        max=MAX_UPSAMPLE,
        help="How often the image is doubled before detection: each time finds faces half as "
        "large (80 px at 0) and takes four times as long.",
    )
