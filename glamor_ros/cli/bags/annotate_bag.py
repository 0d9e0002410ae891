"""`glamor-ros annotate-bag`: recordings with the emotions of the people in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import typer
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from ...errors import GlamorError
from ...perception.device import require_device
from ...perception.precision import PRECISIONS
from ...perception.recognition.emotion_recognizer import CONTEXT_MODES
from ...perception.tracking.detection_choice import DETECTIONS
from ..console import message_console, print_error
from ..detector_options import (
    DETECTOR_OPTION,
    DETECTOR_WEIGHTS_OPTION,
    DEVICE_OPTION,
    report_device,
    upsample_option,
)
from ..extras import needs_extra
from ..progress import progress_columns

if TYPE_CHECKING:
    from distributed import Client

    from ...bags.annotation import AnnotationChoice, AnnotationReport, Report
    from ...bags.fleet import AnnotationJob, Outcome

CONNECT_TIMEOUT_S = 10
_MAX_REASONS = 5


def annotate_bag(
    inputs: list[Path] = typer.Argument(
        ...,
        metavar="IN...",
        help="Recordings of rosbag2 (folders, .mcap or .db3 files, compressed or not), and folders "
        "that are searched for them.",
    ),
    output: Path = typer.Option(
        ...,
        "--output",
        "-o",
        metavar="OUT",
        help="The new recording; of several, the folder that they go into.",
    ),
    topic: Optional[list[str]] = typer.Option(
        None, help="Topic of a camera's images; may be repeated.", show_default="all that are found"
    ),
    namespace: str = typer.Option(
        "", help="Namespace put in front of the results' topics.", show_default="none"
    ),
    pictures: bool = typer.Option(
        False, help="Write pictures with boxes, and with attention, too (jpeg)."
    ),
    storage: str = typer.Option("mcap", help="Of the new recording: mcap or sqlite3."),
    detection: str = typer.Option(
        DETECTIONS[0],
        help="full: everything is searched in every image. sparse (mmod alone): the surroundings "
        "of known faces, and a slice of everything else, at a fraction of the cost.",
    ),
    weights: Optional[Path] = typer.Option(
        None, help="GLAMOR-Net checkpoint (.safetensors).", show_default="shipped"
    ),
    context_mode: str = typer.Option(
        CONTEXT_MODES[0],
        help="shared: one context with all faces masked for everybody. per_person: one for each "
        "person with the own face masked.",
    ),
    detector: str = DETECTOR_OPTION,
    detector_weights: Optional[Path] = DETECTOR_WEIGHTS_OPTION,
    upsample: int = upsample_option(0),
    device: str = DEVICE_OPTION,
    precision: str = typer.Option(
        next(iter(PRECISIONS)),
        help=f"What the networks compute in: {', '.join(PRECISIONS)}.",
    ),
    cluster: Optional[str] = typer.Option(
        None,
        metavar="ADDRESS",
        help="Spread the recordings over the workers of this Dask cluster, such as "
        "tcp://127.0.0.1:8786; they must see the files at the same paths.",
    ),
) -> None:
    """Add the emotions of the people in its images to a recording (rosbag2).

    The new recording holds all messages of the old one as they were, and after each image its
    emotions and attention. It appears when it is complete; an interrupted run continues when it is
    started again. What of a damaged recording cannot be read is said.
    """
    with needs_extra("bags"):
        from ...bags.annotation import AnnotationChoice
        from ...bags.fleet import annotate_here, annotate_on_cluster, plan_annotation
    choice = AnnotationChoice(
        topics=tuple(topic or ()),
        namespace=namespace,
        pictures=pictures,
        storage=storage,
        detection=detection,
        weights=weights and weights.resolve(),
        context_mode=context_mode,
        detector=detector,
        detector_weights=detector_weights and detector_weights.resolve(),
        upsample=upsample,
        device=device,
        precision=precision,
    )
    jobs = plan_annotation([path.resolve() for path in inputs], output.resolve())
    console = message_console()
    failures = 0
    with _progress(console) as progress:
        if cluster is None:
            report_device(require_device(device))
            outcomes = annotate_here(jobs, choice, _reporter(progress, len(jobs)))
        else:
            outcomes = _on_cluster(cluster, jobs, choice, annotate_on_cluster)
        for outcome in progress.track(outcomes, total=len(jobs), description="recordings"):
            failures += not _tell(outcome, progress.console)
    if failures:
        if len(jobs) > 1:
            print_error(f"{failures} of {len(jobs)} recordings could not be annotated", console)
        raise typer.Exit(1)


def _on_cluster(
    address: str,
    jobs: Sequence[AnnotationJob],
    choice: AnnotationChoice,
    annotate: Callable[[Client, Sequence[AnnotationJob], AnnotationChoice], Iterator[Outcome]],
) -> Iterator[Outcome]:
    with _client(address) as client:
        yield from annotate(client, jobs, choice)


@contextmanager
def _client(address: str) -> Iterator[Client]:
    with needs_extra("cluster"):
        from distributed import Client
    try:
        client = Client(address, timeout=CONNECT_TIMEOUT_S)
    except (OSError, ValueError) as error:
        raise GlamorError(f"no Dask scheduler answers at {address}: {error}") from error
    with client:
        yield client


def _reporter(progress: Progress, count: int) -> Callable[[AnnotationJob], Report]:
    """What makes a bar for each recording, in turn."""

    def reporter(job: AnnotationJob) -> Report:
        task = progress.add_task(job.recording.name, start=False, total=0)

        def report(done: int, total: int | None) -> None:
            if done == 1:
                progress.start_task(task)
            if done == total and count > 1:
                progress.remove_task(task)
            elif task in progress.task_ids:
                progress.update(task, completed=done, total=total)

        return report

    return reporter


def _tell(outcome: Outcome, console: Console) -> bool:
    """Say what became of a recording; whether it has been annotated."""
    from ...bags.fleet import FailedAnnotation

    if isinstance(outcome, FailedAnnotation):
        reason = outcome.reason
        named = reason if str(outcome.recording) in reason else f"{outcome.recording}: {reason}"
        print_error(named, console)
        return False
    for line in _lines(outcome):
        console.print(Text(line))
    return True


def _lines(report: AnnotationReport) -> Iterator[str]:
    if report.was_done:
        yield f"{report.output} is there already, of this recording and by these options"
        return
    yield f"{report.output}: {report.messages} messages of {report.recording}, and"
    for name, count in report.cameras.items():
        people = "1 person" if len(count.people) == 1 else f"{len(count.people)} people"
        yield f"  {name}: {count.annotated} of {count.images} images annotated, {people}"
        if count.late:
            yield f"    {count.late} left out: their stamps are before those of earlier images"
        for reason, number in count.unusable.most_common(_MAX_REASONS):
            yield f"    {number} unusable: {reason}"
        if (others := len(count.unusable) - _MAX_REASONS) > 0:
            yield f"    and {others} more reasons ({count.unusable.total()} unusable images in all)"
        for reason, number in count.unlocated.most_common(_MAX_REASONS):
            yield f"    {number} without positions of the people: {reason}"
    for loss in report.losses:
        gap = ""
        if loss.start_ns is not None and loss.end_ns is not None:
            gap = f", from {loss.start_ns / 1e9:.3f} s to {loss.end_ns / 1e9:.3f} s"
        lost = "an unknown number of" if loss.messages is None else str(loss.messages)
        yield f"  lost: {loss.what} ({lost} messages{gap})"


def _progress(console: Console) -> Progress:
    """Shown on a terminal only, and gone when done."""
    return Progress(
        *progress_columns(), console=console, transient=True, disable=not console.is_terminal
    )
