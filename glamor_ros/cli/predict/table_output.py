"""Predictions for people to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from .inputs import Input
from .prediction import AddFrame, Prediction

_UNLIMITED_WIDTH = 100_000


class PredictionTable:
    """A table for people to read: a row for each person in an image or in a video."""

    def __init__(self) -> None:
        self._table = Table("image", "person", "emotion", "confidence", "face", "context", "where")
        for column in self._table.columns:
            column.no_wrap = True
            if column.header in ("confidence", "face", "context"):
                column.justify = "right"

    def print(self) -> None:
        """Print the table to stdout, with frames and colours on a terminal that is wide enough.

        Elsewhere no line is broken: paths can be copied, and programs can read it.
        """
        terminal = Console()
        unlimited = Console(width=_UNLIMITED_WIDTH)
        needed = Measurement.get(unlimited, unlimited.options, self._table).maximum
        is_framed = terminal.is_terminal and needed <= terminal.width
        self._table.box = HEAVY_HEAD if is_framed else None
        (terminal if is_framed else unlimited).print(self._table)

    def image(self, prediction: Prediction) -> None:
        """Add a row for everybody in the image."""
        for number, person in enumerate(prediction.view.people):
            estimate, face = person.frame_estimate, person.face
            self._table.add_row(
                Text("" if number else prediction.name),
                person.person_id,
                person.emotion_label,
                f"{person.confidence:.0%}" if estimate else "",
                f"{estimate.face_weight:.0%}" if estimate else "",
                f"{estimate.context_weight:.0%}" if estimate else "",
                f"{face.width}x{face.height} at ({face.x}, {face.y})",
            )
        if not prediction.view.people:
            self._table.add_row(Text(prediction.name), "nobody")

    @contextmanager
    def video(self, source: Input, rate_hz: float) -> Iterator[AddFrame]:
        """What collects the frames of a video.

        Everybody in it gets a row with the most frequent emotion and means over the frames.
        """
        summaries: dict[str, _Summary] = {}

        def add(prediction: Prediction) -> None:
            for person in prediction.view.people:
                estimate = person.frame_estimate
                if estimate is not None and prediction.time_s is not None:
                    summary = summaries.setdefault(person.person_id, _Summary())
                    summary.emotions[person.emotion_label] += 1
                    summary.confidences.append(person.confidence)
                    summary.face_weights.append(estimate.face_weight)
                    summary.times_s.append(prediction.time_s)

        yield add
        for number, (person_id, summary) in enumerate(summaries.items()):
            ((emotion, _),) = summary.emotions.most_common(1)
            face_weight = _mean(summary.face_weights)
            first_s, last_s = summary.times_s[0], summary.times_s[-1]
            self._table.add_row(
                Text("" if number else str(source.path)),
                person_id,
                emotion,
                f"{_mean(summary.confidences):.0%}",
                f"{face_weight:.0%}",
                f"{1 - face_weight:.0%}",
                f"{len(summary.times_s)} frames, {first_s:.1f} s to {last_s:.1f} s",
            )
        if not summaries:
            self._table.add_row(Text(str(source.path)), "nobody")


@dataclass
class _Summary:
    emotions: Counter[str] = field(default_factory=Counter)
    confidences: list[float] = field(default_factory=list)
    face_weights: list[float] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
