"""`glamor-ros`: the commands and what they have in common."""

from __future__ import annotations

import importlib.metadata
from typing import Annotated, Any

import cv2
import typer
import typer.core

from ..errors import GlamorError
from .console import print_error
from .demo.command import demo
from .predict.command import predict
from .training.build_ncaers import build_ncaers
from .training.compare import compare
from .training.compare_attention import compare_attention
from .training.evaluate import evaluate
from .training.extract_faces import extract_faces
from .training.report import report
from .training.train import train
from .weights.download_weights import download_weights
from .weights.export import export
from .weights.import_detector import import_detector
from .weights.import_weights import import_weights


class _PlainErrors(typer.core.TyperGroup):
    """The commands; what the user can put right is told in a line, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (GlamorError, OSError) as error:
            print_error(str(error))
            raise typer.Exit(1) from error


app = typer.Typer(
    name="glamor-ros",
    cls=_PlainErrors,
    help="Emotion recognition of everybody in view, for ROS 2.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(predict)
app.command()(demo)
app.command()(import_weights)
app.command()(import_detector)
app.command()(extract_faces)
app.command()(build_ncaers)
app.command()(train)
app.command()(evaluate)
app.command()(compare)
app.command()(compare_attention)
app.command()(report)
app.command()(download_weights)
app.command()(export)


def main() -> None:
    """Run the command line of this process."""
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"glamor-ros {_version()}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    # OpenCV's own messages about files that it cannot read would stand beside ours.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def _version() -> str:
    try:
        return importlib.metadata.version("glamor_ros")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    main()
