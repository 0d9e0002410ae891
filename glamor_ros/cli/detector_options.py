"""The options with which commands choose the face detector and where it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..perception.detection.build import DETECTOR_NAMES
from ..perception.detection.face_detector import MAX_UPSAMPLE

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
DeviceOption = Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")]
