"""People to draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.perception.geometry import Region
from glamor_ros.perception.people import AttentionMap, EmotionEstimate, Person


def make_person(
    face: Region,
    *,
    person_id: str = "person_1",
    emotion: str = "Happy",
    weights: NDArray[np.float32] | None = None,
    region: Region | None = None,
    evaluated: bool = True,
) -> Person:
    """A person whose emotion is 0.7 sure and whose attention is even unless said otherwise."""
    probabilities = np.full(7, 0.05, np.float32)
    probabilities[EMOTIONS.index(emotion)] = 0.7
    if weights is None:
        weights = np.full((7, 7), 1 / 49, np.float32)
    attention = AttentionMap(weights, region or Region(10, 10, 100, 80))
    return Person(
        person_id=person_id,
        face=face,
        detection=None,
        face_score=1.0,
        tracked_for_s=0.0,
        probabilities=probabilities,
        estimate=EmotionEstimate(probabilities, 0.6, 0.4, attention),
        evaluated=evaluated,
    )


def focus_on(row: int, column: int) -> NDArray[np.float32]:
    """A map with half of its weight in one cell."""
    weights = np.full((7, 7), 0.5 / 48, np.float32)
    weights[row, column] = 0.5
    return weights
