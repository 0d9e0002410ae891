"""`glamor-ros compare-attention`: where several networks look, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional

import numpy as np
import typer
from numpy.typing import NDArray

from ...atomic_file import atomic_path
from ...errors import GlamorError
from ...media.pictures import read_picture
from ...network.emotions import EMOTIONS
from ...network.weights.checkpoint import load_checkpoint
from ...perception.detection.build import build_face_detector
from ...perception.device import require_device
from ...perception.frame import Frame, Scene
from ...perception.geometry import Box
from ...perception.people import EmotionEstimate
from ...perception.recognition.emotion_recognizer import EmotionRecognizer
from ..console import message_console, print_error
from ..detector_options import (
    DETECTOR_OPTION,
    DETECTOR_WEIGHTS_OPTION,
    DEVICE_OPTION,
    report_device,
    upsample_option,
)
from ..extras import needs_extra

if TYPE_CHECKING:
    from ...visualization.plots import AttentionComparison


class NothingToCompareError(GlamorError, ValueError):
    """Weights or images of which no attention map can be drawn."""


def compare_attention(
    images: list[Path] = typer.Argument(..., metavar="IMAGE"),
    weights: list[Path] = typer.Option(
        ..., help="GLAMOR-Net checkpoint (.safetensors); give one for each column."
    ),
    output: Path = typer.Option(..., metavar="OUT", help="File for the figure (.png, .pdf)."),
    detector: str = DETECTOR_OPTION,
    detector_weights: Optional[Path] = DETECTOR_WEIGHTS_OPTION,
    upsample: int = upsample_option(0),
    device: str = DEVICE_OPTION,
) -> None:
    """Draw the attention maps of several networks for the same people, as in Figs. 9 and 10.

    A row for each face; its own face is hidden from the context, as in training.
    """
    with needs_extra("training"):
        from ...visualization.plots import attention_figure, require_figure_suffix, save_figure
    require_figure_suffix(output)
    torch_device = require_device(device)
    recognizers = {str(path): _recognizer(path, str(torch_device)) for path in weights}
    face_detector = build_face_detector(
        detector, upsample=upsample, device=str(torch_device), weights=detector_weights
    )
    report_device(torch_device)
    rows: list[AttentionComparison] = []
    for path in images:
        image_bgr = read_picture(path)
        boxes = [face.box for face in face_detector.detect([Frame(image_bgr)])[0]]
        if not boxes:
            print_error(f"no face found in {path}", message_console())
        rows += _compare(path.name, image_bgr, boxes, list(recognizers.values()))
    if not rows:
        raise NothingToCompareError("there is no face in any of the images; try --upsample 1")
    with atomic_path(output) as partial:
        save_figure(attention_figure(rows, [Path(name).stem for name in recognizers]), partial)
    typer.echo(f"wrote {output}: {len(rows)} faces, {len(recognizers)} networks")


def _recognizer(path: Path, device: str) -> EmotionRecognizer:
    checkpoint = load_checkpoint(path)
    if checkpoint.network.attention is None:
        raise NothingToCompareError(f"{path} looks at no context: it has no attention map")
    return EmotionRecognizer(checkpoint, context_mode="per_person", device=device)


def _compare(
    name: str,
    image_bgr: NDArray[np.uint8],
    boxes: list[Box],
    recognizers: list[EmotionRecognizer],
) -> list[AttentionComparison]:
    from ...visualization.plots import AttentionComparison

    height, width = image_bgr.shape[:2]
    scene = Scene(Frame(image_bgr), tuple(boxes))
    estimates = [recognizer.recognize([scene])[0] for recognizer in recognizers]
    rows = []
    for box, of_models in zip(boxes, zip(*estimates, strict=True), strict=True):
        face = box.clipped(width, height)
        masked = image_bgr.copy()
        masked[face.y : face.y + face.height, face.x : face.x + face.width] = 0
        maps = [estimate.attention for estimate in of_models if estimate.attention is not None]
        captions = [_caption(estimate) for estimate in of_models]
        rows.append(AttentionComparison(name, image_bgr, masked, maps, captions))
    return rows


def _caption(estimate: EmotionEstimate) -> str:
    index = int(estimate.probabilities.argmax())
    return f"{EMOTIONS[index]} {estimate.probabilities[index]:.0%}"
