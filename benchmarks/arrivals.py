"""What a listener has written down, and what it says of a camera's rate, latency and drops."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Arrival:
    """One message of emotion_node.

    Attributes:
        topic: Where it came.
        arrival_s: When, by the system's clock.
        stamp_s: When the image was taken, by the same clock.
        latency_s: From the image's stamp to the publication, as the message says; NaN: it does not.
        people: How many are in it.
    """

    topic: str
    arrival_s: float
    stamp_s: float
    latency_s: float
    people: int


def read_arrivals(log: Path) -> list[Arrival]:
    """The messages in a listener's log, a line that is not yet whole left out."""
    if not log.exists():
        return []
    arrivals = []
    for line in log.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            topic, arrival_s, stamp_s, latency_s, people = json.loads(line)
            latency_s = math.nan if latency_s is None else latency_s
            arrivals.append(Arrival(topic, arrival_s, stamp_s, latency_s, people))
    return arrivals


def rate_hz(arrivals: Sequence[Arrival]) -> float:
    """Messages a second, by their arrival; 0 for fewer than two."""
    if len(arrivals) < 2:
        return 0.0
    return (len(arrivals) - 1) / (arrivals[-1].arrival_s - arrivals[0].arrival_s)


def rates_hz(arrivals: Sequence[Arrival], window_s: float) -> list[float]:
    """The rate in each whole window; one window at least."""
    if len(arrivals) < 2:
        return [0.0]
    start_s = arrivals[0].arrival_s
    windows = max(int((arrivals[-1].arrival_s - start_s) / window_s), 1)
    groups: list[list[Arrival]] = [[] for _ in range(windows)]
    for arrival in arrivals:
        index = int((arrival.arrival_s - start_s) / window_s)
        if index < windows:
            groups[index].append(arrival)
    if windows == 1:
        return [rate_hz(arrivals)]
    return [len(group) / window_s for group in groups]


def dropped_share(arrivals: Sequence[Arrival], camera_rate_hz: float) -> float:
    """The part of a steady camera's images between the first and last that gave no message."""
    if len(arrivals) < 2:
        return 1.0
    taken = round((arrivals[-1].stamp_s - arrivals[0].stamp_s) * camera_rate_hz) + 1
    return max(1 - len(arrivals) / taken, 0.0)


def mean_people(arrivals: Sequence[Arrival]) -> float:
    """How many people a message holds, on the average; 0 without messages."""
    return statistics.mean(a.people for a in arrivals) if arrivals else 0.0
