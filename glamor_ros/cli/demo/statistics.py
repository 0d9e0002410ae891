"""Figures of a demo's messages, for people to read."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.table import Table

from ...network.emotions import emotion_label

_RATE_WINDOW_S = 2.0


@dataclass
class _PersonHistory:
    message_count: int = 0
    emotions: Counter[str] = field(default_factory=Counter)
    confidence_sum: float = 0.0


class DemoStatistics:
    """The figures of all PersonEmotionArray messages so far."""

    def __init__(self) -> None:
        self._arrivals_s: deque[float] = deque()
        self._first_arrival_s = self._last_arrival_s = 0.0
        self._latencies_s: list[float] = []
        self._people: dict[str, _PersonHistory] = {}
        self._latest: Any = None

    @property
    def message_count(self) -> int:
        """The number of messages."""
        return len(self._latencies_s)

    @property
    def duration_s(self) -> float:
        """The time from the arrival of the first message to that of the last."""
        return self._last_arrival_s - self._first_arrival_s

    def add(self, message: Any, arrival_s: float) -> None:
        """Count a PersonEmotionArray.

        Args:
            message: The message.
            arrival_s: When it arrived, by a monotonic clock.
        """
        if not self._latencies_s:
            self._first_arrival_s = arrival_s
        self._last_arrival_s = arrival_s
        self._arrivals_s.append(arrival_s)
        while arrival_s - self._arrivals_s[0] > _RATE_WINDOW_S:
            self._arrivals_s.popleft()
        self._latencies_s.append(message.latency)
        self._latest = message
        for person in message.people:
            history = self._people.setdefault(person.person_id, _PersonHistory())
            history.message_count += 1
            history.emotions[_label(person)] += 1
            history.confidence_sum += person.confidence

    @property
    def rate_hz(self) -> float:
        """The rate of the messages over the last two seconds."""
        if len(self._arrivals_s) < 2:
            return 0.0
        return (len(self._arrivals_s) - 1) / (self._arrivals_s[-1] - self._arrivals_s[0])

    def live_table(self) -> Table:
        """A table of the people in the last image."""
        table = Table("person", "emotion", "confidence", "face", "context", "in view")
        table.title = self._headline()
        for person in self._latest.people if self._latest else ():
            table.add_row(
                person.person_id,
                _label(person),
                f"{person.confidence:.0%}",
                _percentage(person.face_weight),
                _percentage(person.context_weight),
                f"{person.tracked_for.sec + person.tracked_for.nanosec * 1e-9:.1f} s",
            )
        return table

    def live_line(self) -> str:
        """A line about the people in the last image."""
        people = [
            f"{person.person_id} {_label(person)} {person.confidence:.0%} "
            f"(face {_percentage(person.face_weight)}, "
            f"context {_percentage(person.context_weight)})"
            for person in self._latest.people
        ]
        return f"{self._headline()}: {'; '.join(people) or 'nobody in view'}"

    def summary_lines(self) -> list[str]:
        """Lines about the whole time."""
        if not self._latencies_s:
            return ["no message arrived"]
        latencies_ms = np.array(self._latencies_s) * 1e3
        rate_hz = (self.message_count - 1) / self.duration_s if self.duration_s else 0.0
        lines = [
            f"{self.message_count} messages in {self.duration_s:.1f} s ({rate_hz:.1f} Hz), latency "
            f"{np.percentile(latencies_ms, 50):.0f} ms in the median, "
            f"{np.percentile(latencies_ms, 95):.0f} ms at most in 95 %"
        ]
        for person_id, history in self._people.items():
            ((emotion, count),) = history.emotions.most_common(1)
            lines.append(
                f"{person_id}: in {history.message_count} messages, {emotion} in "
                f"{count / history.message_count:.0%} of them, mean confidence "
                f"{history.confidence_sum / history.message_count:.0%}"
            )
        return lines if self._people else [*lines, "nobody was in view"]

    def _headline(self) -> str:
        latency_ms = self._latencies_s[-1] * 1e3 if self._latencies_s else math.nan
        return f"{self.duration_s:5.1f} s  {self.rate_hz:4.1f} Hz  latency {latency_ms:.0f} ms"


def _label(person: Any) -> str:
    return emotion_label(person.emotion_name, person.unknown_reason)


def _percentage(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0%}"
