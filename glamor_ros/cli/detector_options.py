"""The options with which commands choose the face detector and where it runs."""

from __future__ import annotations

from typing import Any

import typer

from ..perception.detection.build import DETECTOR_NAMES
from ..perception.detection.face_detector import MAX_UPSAMPLE

DETECTOR_OPTION: Any = typer.Option(
    DETECTOR_NAMES[0], help=f"Face detector: {', '.join(DETECTOR_NAMES)}."
)
DETECTOR_WEIGHTS_OPTION: Any = typer.Option(
    None,
    help="The detector's weights: .safetensors for mmod, .dat for dlib_cnn.",
    show_default="shipped",
)
DEVICE_OPTION: Any = typer.Option("cpu", help="cpu, cuda or cuda:N.")


def upsample_option(default: int) -> Any:
    """The option for how often the image is doubled, with the default that suits the command."""
    return typer.Option(
        default,
        min=0,
        max=MAX_UPSAMPLE,
        help="Double the image so many times before detection: each time finds faces half as large "
        "(80 px at 0) and takes four times as long.",
    )
