"""What the node itself adds to the pipeline."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ..measurement import Measurement, Spread, Target
from ..nodes_at_work import Camera, Parameters, Setting, observe
from ..options import Options
from ..subjects import CAMERA_RATE_HZ

ROW = "node overhead"
# Width, height, and the largest p95 that meets the target.
CASES = ((640, 480, 5.0), (1920, 1080, 12.0))
# Faces are looked for in the first image and never again while this measures.
NOT_DETECTING: Parameters = {
    "detection": "full",
    "detection_interval_s": 50.0,
    "max_coast_s": 60.0,
}


def measure(options: Options) -> Iterator[Measurement]:
    """The latency of images in which nothing is looked for and nobody is to be recognized."""
    for width, height, p95_ms in CASES:
        with tempfile.TemporaryDirectory() as directory:
            picture = Path(directory, "nobody.png")
            cv2.imwrite(str(picture), _nobody(width, height))
            source = {
                "source": str(picture),
                "width": width,
                "height": height,
                "rate_hz": CAMERA_RATE_HZ,
            }
            parameters = {**NOT_DETECTING, "device": options.device}
            setting = Setting(
                parameters, (Camera(source),), options.chosen(2, 4), options.chosen(5, 15)
            )
            (arrivals,) = observe(setting).arrivals
        yield Measurement(
            ROW,
            f"{width}x{height}",
            "image stamp to publish",
            "ms",
            Spread.of([1000 * a.latency_s for a in arrivals]),
            target=Target(p95_ms, "p95"),
        )


def _nobody(width: int, height: int) -> np.ndarray:
    """Smooth coloured noise, a little larger than the view that moves in it."""
    coarse = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    size = (int(1.2 * width), int(1.2 * height))
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
