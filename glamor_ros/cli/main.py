"""`glamor-ros`: its commands and what they have in common."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
from typing import Any, NamedTuple

import typer
import typer.core
import typer.main

from ..errors import GlamorError
from .console import print_error


class Command(NamedTuple):
    """A command of `glamor-ros`, as it is known before its module is imported.

    The module holds a function with the name of the command; the summary is that function's own.

    Attributes:
        module: The name of the module, relative to this package.
        summary: One sentence.
    """

    module: str
    summary: str


COMMANDS = {
    "predict": Command(
        "predict.command", "Find the people in images and videos and recognize their emotions."
    ),
    "demo": Command("demo.command", "Watch the nodes at work over ROS 2 topics."),
    "annotate-bag": Command(
        "bags.annotate_bag",
        "Add the emotions of the people in its images to a recording (rosbag2).",
    ),
    "import-weights": Command(
        "weights.conversion",
        "Convert the authors' TensorFlow checkpoint; TensorFlow is not needed.",
    ),
    "import-detector": Command(
        "weights.conversion", "Convert dlib's CNN face detector; dlib is not needed."
    ),
    "extract-faces": Command(
        "training.extract_faces",
        "Write the box of the face in every image of a dataset; an interrupted run continues.",
    ),
    "build-ncaers": Command(
        "training.build_ncaers",
        "Draw images from the videos of CAER, kept apart by video; an interrupted run continues.",
    ),
    "pack-training-data": Command(
        "training.pack_training_data",
        "Pack FER+ and heads, divided and cut by detectors' boxes, into one file for another "
        "machine.",
    ),
    "train": Command(
        "training.train",
        "Train a network as a recipe says: first its branches, then all of it.",
    ),
    "evaluate": Command(
        "training.evaluate",
        "Measure accuracy, the figures of each class and calibration on labelled images.",
    ),
    "calibrate": Command(
        "training.calibrate",
        "Fit one temperature, so that the network is as sure as it is right, and write it in.",
    ),
    "model-card": Command(
        "training.model_card",
        "Measure networks for a model card, with 95 % intervals, and make its tables.",
    ),
    "compare": Command(
        "training.compare",
        "Test each pair of models with the Stuart-Maxwell test, as the paper's Table 5 does.",
    ),
    "compare-attention": Command(
        "training.compare_attention",
        "Draw the attention maps of several networks for the same people, as in Figs. 9 and 10.",
    ),
    "report": Command(
        "training.report",
        "Set measured accuracies beside the paper's Tables 2, 3, 4, 6 and 7, in Markdown.",
    ),
    "measure-evidence": Command(
        "training.measure_evidence",
        "Measure where faces show too little to tell an emotion, and what the limits on that do.",
    ),
    "download-weights": Command(
        "weights.download_weights",
        "Fetch published weights (MIT licence) and verify them: 9 MB for glamor-net, 0.2 for "
        "yunet.",
    ),
    "export": Command(
        "weights.conversion",
        "Export the network to ONNX, for TensorRT, OpenVINO and C++, and check it in onnxruntime.",
    ),
}


class _DeferredCommand(typer.core.TyperCommand):
    """A command whose module is imported when it is run or asked about its options.

    The modules bring PyTorch and OpenCV along, which take seconds.
    """

    def __init__(self, name: str, command: Command) -> None:
        super().__init__(name=name, help=command.summary)
        self._command_name, self._module = name, command.module

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        module = importlib.import_module(f".{self._module}", __package__)
        alone = typer.Typer(add_completion=False)
        alone.command(self._command_name)(getattr(module, self._command_name.replace("-", "_")))
        return typer.main.get_command(alone).make_context(*args, **kwargs)


class _CommandGroup(typer.core.TyperGroup):
    """The commands; errors that the user can put right are shown in a line, without a traceback."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, command in COMMANDS.items():
            self.add_command(_DeferredCommand(name, command))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (GlamorError, OSError) as error:
            print_error(str(error))
            raise typer.Exit(1) from error


app = typer.Typer(
    name="glamor-ros",
    cls=_CommandGroup,
    help="Emotion recognition of everybody in view, for ROS 2.",
    no_args_is_help=True,
)


def main() -> None:
    """Run the command line of this process."""
    # Not app(), which dresses up the tracebacks of mistakes in the code.
    typer.main.get_command(app)(prog_name="glamor-ros")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"glamor-ros {_version()}")
        raise typer.Exit


@app.callback()
def _common(
    version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_print_version
    ),
) -> None:
    # OpenCV's own messages about files that it cannot read would stand beside ours. It reads this
    # when it is imported, which is later.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")


def _version() -> str:
    try:
        return importlib.metadata.version("glamor_ros")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    main()
