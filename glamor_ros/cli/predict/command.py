"""`glamor-ros predict`: the people in images and videos, and their emotions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Optional

import typer
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from ...atomic_file import atomic_path
from ...media.pictures import MediaError
from ...media.videos import VideoReader
from ...network.weights.checkpoint import load_checkpoint
from ...perception.detection.build import build_face_detector
from ...perception.detection.face_detector import FaceDetectorError
from ...perception.device import require_device
from ...perception.recognition.emotion_recognizer import (
    CONTEXT_MODES,
    EmotionRecognizer,
    RecognizerError,
)
from ...perception.tracking.detection_choice import DETECTIONS
from ...resources import STARTER_WEIGHTS, shipped_weights
from ..console import message_console, print_error
from ..detector_options import (
    DETECTOR_OPTION,
    DETECTOR_WEIGHTS_OPTION,
    DEVICE_OPTION,
    report_device,
    upsample_option,
)
from ..progress import progress_columns
from .inputs import Input, find_inputs
from .json_output import json_list
from .picture_output import PictureFolder
from .prediction import PredictionSink, Predictor
from .summary import PredictionSummary
from .table_output import PredictionTable


def predict(
    inputs: list[Path] = typer.Argument(
        ...,
        metavar="INPUT...",
        help="Images, videos, and folders, which are searched with all folders in them.",
    ),
    weights: Optional[Path] = typer.Option(
        None, help="GLAMOR-Net checkpoint (.safetensors).", show_default="shipped"
    ),
    context_mode: str = typer.Option(
        CONTEXT_MODES[0],
        help=f"{' or '.join(CONTEXT_MODES)}: one context with all faces masked for everybody, "
        "or one for each person with the own face masked.",
    ),
    detector: str = DETECTOR_OPTION,
    detector_weights: Optional[Path] = DETECTOR_WEIGHTS_OPTION,
    upsample: int = upsample_option(0),
    device: str = DEVICE_OPTION,
    detection: str = typer.Option(
        DETECTIONS[0],
        help="full: everything in every frame of a video. sparse (mmod alone): the surroundings of "
        "known faces, and a slice of everything else, at a fraction of the cost.",
    ),
    json_out: Optional[Path] = typer.Option(
        None, "--json", metavar="OUT", help="Write the results as JSON; -: to stdout."
    ),
    output: Optional[Path] = typer.Option(
        None,
        metavar="DIR",
        help="Write pictures and videos with boxes, labels and attention to this folder.",
    ),
) -> None:
    """Find the people in images and videos and recognize their emotions.

    Each image stands by itself; in a video people are followed and their probabilities smoothed
    over time. Without --json, a table is printed. Inputs that cannot be read are named and passed
    over; the exit code is then 1.
    """
    sources, problems = find_inputs(inputs)
    input_count = len(sources) + len(problems)
    console = message_console()
    for problem in problems:
        print_error(problem, console)
    if sources:
        torch_device = require_device(device)
        predictor = Predictor(
            build_face_detector(
                detector, upsample=upsample, device=str(torch_device), weights=detector_weights
            ),
            EmotionRecognizer(
                load_checkpoint(weights or shipped_weights(STARTER_WEIGHTS)),
                context_mode=context_mode,
                device=str(torch_device),
            ),
            detection,
        )
        report_device(torch_device)
        summary = PredictionSummary()
        problems += _predict_all(predictor, sources, summary, json_out, output, console)
        if places := [str(place) for place in (json_out, output) if place and str(place) != "-"]:
            console.print(Text(summary.written(places)))
        if hint := summary.hint(detector, upsample):
            console.print(Text(hint))
    if problems:
        print_error(f"{len(problems)} of {input_count} inputs could not be processed", console)
        raise typer.Exit(1)


def _predict_all(
    predictor: Predictor,
    sources: Sequence[Input],
    summary: PredictionSummary,
    json_out: Path | None,
    output: Path | None,
    console: Console,
) -> list[str]:
    """What is wrong with the sources that could not be processed."""
    table = PredictionTable()
    sinks: list[PredictionSink] = [summary]
    problems: list[str] = []
    with ExitStack() as stack:
        if json_out is None:
            sinks.append(table)
        elif str(json_out) == "-":
            sinks.append(stack.enter_context(json_list(sys.stdout)))
        else:
            partial = stack.enter_context(atomic_path(json_out))
            file = stack.enter_context(partial.open("w", encoding="utf-8"))
            sinks.append(stack.enter_context(json_list(file)))
        if output is not None:
            sinks.append(PictureFolder(output, sources))
        progress = stack.enter_context(_progress(console))
        for source in progress.track(sources, description="inputs"):
            try:
                _predict(predictor, source, sinks, progress)
            except (MediaError, FaceDetectorError, RecognizerError) as error:
                problems.append(str(error))
                print_error(_named(source, str(error)), progress.console)
    if json_out is None:
        table.print()
    return problems


def _predict(
    predictor: Predictor, source: Input, sinks: Sequence[PredictionSink], progress: Progress
) -> None:
    if not source.is_video:
        prediction = predictor.image(source)
        for sink in sinks:
            sink.image(prediction)
        return
    with VideoReader(source.path) as reader, ExitStack() as stack:
        adders = [stack.enter_context(sink.video(source, reader.rate_hz)) for sink in sinks]
        frame_count = reader.frame_count
        task = progress.add_task(
            source.path.name, start=frame_count is not None, total=frame_count or 0
        )
        for prediction in predictor.video(source, reader):
            for add in adders:
                add(prediction)
            progress.advance(task)
        progress.remove_task(task)


def _progress(console: Console) -> Progress:
    """Shown on a terminal only, and gone when done."""
    return Progress(
        *progress_columns(), console=console, transient=True, disable=not console.is_terminal
    )


def _named(source: Input, message: str) -> str:
    return message if str(source.path) in message else f"{source.path}: {message}"
