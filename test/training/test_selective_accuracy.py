"""Accuracy where the network is sure, against figures by hand."""

from __future__ import annotations

import numpy as np
import pytest

from glamor_ros.training.evaluation.predictions import Predictions
from glamor_ros.training.evaluation.selective_accuracy import selective_accuracy

from .made_predictions import made_predictions


def sure(confidences: list[float], right: list[bool]) -> Predictions:
    """Predictions of class 0 with these confidences."""
    rest = [(1 - confidence) / 6 for confidence in confidences]
    probabilities = np.array([[c, *[r] * 6] for c, r in zip(confidences, rest, strict=True)])
    labels = np.array([0 if one else 1 for one in right])
    names = [str(index) for index in range(len(right))]
    return Predictions(names, labels, probabilities.astype(np.float32))


def test_points_and_area_by_hand() -> None:
    predictions = sure([0.9, 0.5, 0.7, 0.7], [True, False, True, False])
    found = selective_accuracy(predictions, (0.0, 0.6, 0.8, 0.95))
    assert [(p.coverage, p.accuracy) for p in found.points] == [
        (1.0, 0.5),
        (0.75, pytest.approx(2 / 3)),
        (0.25, 1.0),
        (0.0, None),
    ]
    # The two that are equally sure come together, whatever their order.
    assert found.coverage.tolist() == [0.25, 0.75, 1.0]
    assert found.accuracy.tolist() == [1.0, pytest.approx(2 / 3), 0.5]
    area = 0.25 * 1 + 0.5 * 2 / 3 + 0.25 * 0.5
    assert found.area == pytest.approx(area)
    assert found.as_dict()["area_under_curve"] == pytest.approx(area)
    assert found.as_dict()["points"][3] == {"threshold": 0.95, "coverage": 0.0, "accuracy": None}


def test_the_area_tells_whether_confidence_tells_anything() -> None:
    right = [True] * 50 + [False] * 50
    falling = list(np.linspace(0.99, 0.3, 100))
    knows = selective_accuracy(sure(falling, right)).area
    same = selective_accuracy(sure([0.6] * 100, right)).area
    wrong_way = selective_accuracy(sure(falling[::-1], right)).area
    assert same == pytest.approx(0.5)
    assert knows == pytest.approx(0.5 + np.mean(50 / np.arange(51, 101)) / 2)
    assert wrong_way < 0.2
    assert selective_accuracy(made_predictions(skill=2.0)).area > 0.6
