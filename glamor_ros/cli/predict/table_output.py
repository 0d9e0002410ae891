"""Predictions for people to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.table import Table

from .inputs import Input
from .prediction import Prediction
from .sink import AddFrame


class PredictionTable:
    """A row for each person in an image, and for each person in a video."""

    def __init__(self) -> None:
        self.table = Table("image", "person", "emotion", "confidence", "face", "context", "where")
        for name in ("confidence", "face", "context"):
            column = next(c for c in self.table.columns if c.header == name)
            column.justify = "right"
        self.table.columns[0].overflow = "fold"

    def image(self, prediction: Prediction) -> None:
        """Everybody in the image."""
        for number, person in enumerate(prediction.view.people):
            estimate, face = person.estimate, person.face
            self.table.add_row(
                "" if number else prediction.name,
                person.person_id,
                person.emotion,
                f"{person.confidence:.0%}",
                f"{estimate.face_weight:.0%}",
                f"{estimate.context_weight:.0%}",
                f"{face.width}x{face.height} at ({face.x}, {face.y})",
            )
        if not prediction.view.people:
            self.table.add_row(prediction.name, "nobody")

    @contextmanager
    def video(self, source: Input, rate_hz: float) -> Iterator[AddFrame]:
        """Everybody in the video: the most frequent emotion and means over the frames."""
        summaries: dict[str, _Summary] = {}

        def add(prediction: Prediction) -> None:
            for person in prediction.view.people:
                if person.evaluated and prediction.time_s is not None:
                    summary = summaries.setdefault(person.person_id, _Summary())
                    summary.emotions[person.emotion] += 1
                    summary.confidences.append(person.confidence)
                    summary.face_weights.append(person.estimate.face_weight)
                    summary.times_s.append(prediction.time_s)

        yield add
        for number, (person_id, summary) in enumerate(summaries.items()):
            ((emotion, _),) = summary.emotions.most_common(1)
            face_weight = _mean(summary.face_weights)
            first_s, last_s = summary.times_s[0], summary.times_s[-1]
            self.table.add_row(
                "" if number else str(source.path),
                person_id,
                emotion,
                f"{_mean(summary.confidences):.0%}",
                f"{face_weight:.0%}",
                f"{1 - face_weight:.0%}",
                f"{len(summary.times_s)} frames, {first_s:.1f} s to {last_s:.1f} s",
            )
        if not summaries:
            self.table.add_row(str(source.path), "nobody")


@dataclass
class _Summary:
    emotions: Counter[str] = field(default_factory=Counter)
    confidences: list[float] = field(default_factory=list)
    face_weights: list[float] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
