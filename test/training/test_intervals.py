"""Bootstrap intervals have the width that theory gives them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from glamor_ros.training.evaluation.intervals import (
    Interval,
    accuracy_gain,
    accuracy_interval,
    metric_intervals,
)
from glamor_ros.training.evaluation.metrics import measure
from glamor_ros.training.evaluation.predictions import Predictions

from .made_predictions import made_predictions

proportion_confint = pytest.importorskip("statsmodels.stats.proportion").proportion_confint


def repeated(predictions: Predictions, times: int) -> tuple[Predictions, list[int]]:
    """Every sample so many times, and whose it is."""
    people = [person for person in range(len(predictions)) for _ in range(times)]
    return Predictions(
        [f"{person}/{number}" for number, person in enumerate(people)],
        predictions.labels[people],
        predictions.probabilities[people],
    ), people


def width(interval: Interval) -> float:
    return interval.high - interval.low


def test_accuracy_as_by_the_binomial_distribution() -> None:
    predictions = made_predictions(800)
    metrics = measure(predictions)
    interval = accuracy_interval(predictions)
    low, high = proportion_confint(round(metrics.accuracy * 800), 800, method="normal")
    assert 0.2 < metrics.accuracy < 0.8
    assert interval.low == pytest.approx(low, abs=0.005)
    assert interval.high == pytest.approx(high, abs=0.005)
    assert metric_intervals(predictions).accuracy == interval


def test_means_as_by_the_central_limit() -> None:
    predictions = made_predictions(800)
    metrics = measure(predictions)
    surprisal = -np.log(predictions.probabilities[np.arange(800), predictions.labels])
    half = 1.96 * float(surprisal.std()) / math.sqrt(800)
    intervals = metric_intervals(predictions)
    assert metrics.negative_log_likelihood == pytest.approx(surprisal.mean(), abs=1e-6)
    found = intervals.negative_log_likelihood
    assert found.low == pytest.approx(surprisal.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(surprisal.mean() + half, abs=0.1 * half)
    # The classes' recalls are independent, so that their variances add up.
    recall, support = metrics.recall, metrics.support
    half = 1.96 * math.sqrt((recall * (1 - recall) / support).sum()) / 7
    assert width(intervals.balanced_accuracy) / 2 == pytest.approx(half, rel=0.1)
    assert metrics.balanced_accuracy in intervals.balanced_accuracy
    assert intervals.calibration_error.low < intervals.calibration_error.high < 0.2


def test_the_pictures_of_a_person_count_once() -> None:
    """Five times the same pictures tell nothing more, unless each were somebody else's."""
    once = made_predictions(200)
    five_times, people = repeated(once, 5)
    by_person = accuracy_interval(five_times, people)
    assert width(by_person) == pytest.approx(width(accuracy_interval(once)), rel=0.02)
    assert width(accuracy_interval(five_times)) == pytest.approx(
        width(by_person) / math.sqrt(5), rel=0.1
    )
    assert width(metric_intervals(five_times, people).balanced_accuracy) == pytest.approx(
        width(metric_intervals(once).balanced_accuracy), rel=0.02
    )


def test_six_errors_are_no_certainty() -> None:
    """Six samples of a class, all missed, and one class without any."""
    labels = np.array([2] * 6 + [3] * 40)
    predicted = np.array([4] * 6 + [3] * 30 + [4] * 10)
    one_hot = np.eye(7, dtype=np.float32)[predicted]
    intervals = metric_intervals(Predictions([str(i) for i in range(46)], labels, one_hot))
    assert intervals.recall[2].low == 0
    assert intervals.recall[2].high == pytest.approx(proportion_confint(0, 6, method="wilson")[1])
    assert intervals.recall[2].high > 0.3
    assert 0.75 in intervals.recall[3]
    assert math.isnan(intervals.recall[0].low)
    assert math.isnan(intervals.precision[2].high)  # never said
    assert intervals.precision[4].high == pytest.approx(
        proportion_confint(0, 16, method="wilson")[1]
    )


def test_a_gain_is_measured_on_the_same_samples() -> None:
    reference = made_predictions(600)
    better = Predictions(reference.names, reference.labels, reference.probabilities.copy())
    wrong = np.flatnonzero(reference.predicted != reference.labels)[:30]
    better.probabilities[wrong] = np.eye(7, dtype=np.float32)[reference.labels[wrong]]
    gain = accuracy_gain(better, reference)
    assert gain.accuracy == pytest.approx(30 / 600)
    half = 1.96 * math.sqrt(0.05 * 0.95 / 600)
    assert gain.interval.low == pytest.approx(0.05 - half, abs=0.003)
    assert gain.interval.high == pytest.approx(0.05 + half, abs=0.003)
    assert accuracy_gain(reference, reference).interval == Interval(0, 0)


def test_the_seed_decides_and_people_must_fit() -> None:
    predictions = made_predictions(100)
    assert metric_intervals(predictions, seed=3) == metric_intervals(predictions, seed=3)
    assert accuracy_interval(predictions, seed=3) != accuracy_interval(predictions, seed=4)
    with pytest.raises(ValueError, match="100 predictions, but 2 people"):
        accuracy_interval(predictions, ["a", "b"])
    alone = accuracy_interval(predictions, ["a"] * 100)
    assert alone.low == alone.high == pytest.approx(measure(predictions).accuracy)
