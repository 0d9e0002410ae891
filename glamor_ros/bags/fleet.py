"""The annotation of many recordings, in this process or on the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..atomic_file import OutputError
from ..errors import GlamorError
from .annotation import AnnotationChoice, AnnotationReport, Report, annotate_recording
from .recording import find_recordings
from .records import BagError

if TYPE_CHECKING:
    from distributed import Client, Future

# How often a recording is tried again after an error that may pass, such as a full disk or another
# process at work on it; workers that are lost are the scheduler's own business.
_RETRIES = 2


@dataclass(frozen=True)
class AnnotationJob:
    """One recording and where its annotation goes."""

    recording: Path
    output: Path


@dataclass(frozen=True)
class FailedAnnotation:
    """A recording that could not be annotated, and why."""

    recording: Path
    reason: str


Outcome = AnnotationReport | FailedAnnotation


def plan_annotation(inputs: Sequence[Path], output: Path) -> list[AnnotationJob]:
    """Which recording goes where.

    A single recording goes to `output` itself. Of several, or of a folder that holds some, each
    goes into the folder `output`, to the path that it has in the input.

    Args:
        inputs: Recordings, and folders that are searched for them.
        output: Where the annotated recordings go.

    Raises:
        BagError: An input holds no recording, or two recordings would go to one place.
    """
    jobs: list[AnnotationJob] = []
    for path in inputs:
        found = find_recordings(path)
        if not found:
            raise BagError(
                f"there is no recording at {path}"
                + ("" if path.exists() else ": there is no such file or folder")
            )
        if len(inputs) == 1 and found == [path]:
            return [AnnotationJob(path, output)]
        for recording in found:
            below = recording.relative_to(path) if recording != path else Path(recording.name)
            jobs.append(AnnotationJob(recording, output / _without_suffixes(below)))
    places: dict[Path, Path] = {}
    for job in jobs:
        other = places.setdefault(job.output, job.recording)
        if other != job.recording:
            raise BagError(f"{other} and {job.recording} would both go to {job.output}")
    return list({job.recording: job for job in jobs}.values())


def annotate_here(
    jobs: Sequence[AnnotationJob],
    choice: AnnotationChoice,
    report: Callable[[AnnotationJob], Report],
) -> Iterator[Outcome]:
    """Annotate recordings one after the other in this process.

    Args:
        jobs: The recordings.
        choice: How they are annotated.
        report: Makes what is told how far a recording is.

    Yields:
        What became of each, as it is done. One that fails does not keep the others waiting.
    """
    for job in jobs:
        try:
            yield annotate_recording(job.recording, job.output, choice, report(job))
        except GlamorError as error:
            yield FailedAnnotation(job.recording, str(error))


def annotate_on_cluster(
    client: Client, jobs: Sequence[AnnotationJob], choice: AnnotationChoice
) -> Iterator[Outcome]:
    """Annotate recordings on the workers of a Dask cluster, which see the same files.

    The recordings of a worker that is lost go to others, which go on from where it was.

    Args:
        client: The cluster's. A worker should have one thread, and a GPU of its own where it has
            one.
        jobs: The recordings, with absolute paths.
        choice: How they are annotated.

    Yields:
        What became of each, as it is done.
    """
    from distributed import as_completed

    futures: dict[Future, AnnotationJob] = {
        client.submit(
            _annotate,
            job,
            choice,
            pure=False,
            retries=_RETRIES,
            key=f"annotate-{job.output}",
        ): job
        for job in jobs
    }
    for future in as_completed(futures):
        error = future.exception()
        if error is None:
            yield future.result()
        else:
            yield FailedAnnotation(futures[future].recording, str(error) or repr(error))


def _annotate(job: AnnotationJob, choice: AnnotationChoice) -> Outcome:
    """One job on a worker: what trying again cannot mend is an outcome, not an error."""
    try:
        return annotate_recording(job.recording, job.output, choice)
    except OutputError:
        raise
    except GlamorError as error:
        return FailedAnnotation(job.recording, str(error))


def _without_suffixes(path: Path) -> Path:
    """A recording's path without what tells its storage: the annotation is a folder."""
    name = path.name
    for suffix in (".zstd", ".mcap", ".db3"):
        name = name.removesuffix(suffix)
    return path.with_name(name)
