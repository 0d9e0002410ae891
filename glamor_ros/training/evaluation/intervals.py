"""How far figures would scatter over other samples of the same kind: bootstrap intervals.

Percentile intervals (Efron, Bootstrap Methods: Another Look at the Jackknife, 1979). Where several
samples show one person, people are drawn, not samples, since the pictures of a person are alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, binomtest, bootstrap

from ...network.emotions import EMOTIONS
from .metrics import (
    CALIBRATION_BINS,
    accuracy_of,
    balanced_accuracy_of,
    calibration_excess,
    measure,
    precision_of,
    recall_of,
    surprisal,
)
from .predictions import Predictions

CONFIDENCE_LEVEL = 0.95
RESAMPLES = 2000
# Memory: a resample holds the number of every unit drawn.
_RESAMPLES_AT_ONCE = 200
_CELLS = len(EMOTIONS) ** 2


@dataclass(frozen=True)
class Interval:
    """A range that would hold the figure of all samples of the kind in 95 of 100 measurements.

    Attributes:
        low: NaN for a figure that the samples do not define.
        high: NaN for a figure that the samples do not define.
    """

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class MetricIntervals:
    """The intervals of the figures in `Metrics`.

    Those of a class are never narrower than Wilson's for the number of its samples: with few
    samples all right or all wrong, the resamples are all the same and would claim certainty.

    That of the calibration error tends upwards, since resamples are less even than the samples: it
    says how large the error may be, and with few samples the measured one can lie below it.

    Attributes:
        recall: One for each class.
        precision: One for each class.
    """

    accuracy: Interval
    balanced_accuracy: Interval
    calibration_error: Interval
    negative_log_likelihood: Interval
    recall: tuple[Interval, ...]
    precision: tuple[Interval, ...]


def metric_intervals(
    predictions: Predictions,
    people: Sequence[Hashable] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> MetricIntervals:
    """The intervals of all figures of a set of predictions, at CONFIDENCE_LEVEL.

    Args:
        predictions: The predictions.
        people: Who each sample shows, N of them; None where each shows somebody else.
        resamples: How many times the samples are drawn anew.
        seed: Decides what is drawn.

    Raises:
        ValueError: There are not as many people as predictions.
    """
    labels, probabilities = predictions.labels, predictions.probabilities
    bins, excess = calibration_excess(labels, probabilities)
    columns = np.zeros((len(labels), _CELLS + CALIBRATION_BINS + 1))
    samples = np.arange(len(labels))
    columns[samples, labels * len(EMOTIONS) + predictions.predicted] = 1
    columns[samples, _CELLS + bins] = excess
    columns[:, -1] = surprisal(labels, probabilities)
    intervals = _intervals(_by_person(columns, people), _figures, resamples, seed)
    metrics = measure(predictions)
    confusion, classes = metrics.confusion, len(EMOTIONS)
    right = np.diag(confusion)
    accuracy, balanced_accuracy, calibration_error, negative_log_likelihood = intervals[:4]
    return MetricIntervals(
        accuracy,
        balanced_accuracy,
        calibration_error,
        negative_log_likelihood,
        _at_least_wilson(intervals[4 : 4 + classes], right, metrics.support),
        _at_least_wilson(intervals[4 + classes :], right, confusion.sum(axis=0)),
    )


def accuracy_interval(
    predictions: Predictions,
    people: Sequence[Hashable] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The interval of the accuracy alone; see `metric_intervals`."""
    return _interval_of_mean(
        (predictions.predicted == predictions.labels).astype(np.float64), people, resamples, seed
    )


@dataclass(frozen=True)
class Gain:
    """How much more accurate one way of predicting is than another, on the same samples.

    Attributes:
        accuracy: The difference of the accuracies, in [-1, 1].
        interval: Of the difference, the samples being drawn for both at once.
    """

    accuracy: float
    interval: Interval


def accuracy_gain(
    predictions: Predictions,
    reference: Predictions,
    people: Sequence[Hashable] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Gain:
    """The gain in accuracy of predictions over others for the same samples.

    Raises:
        PredictionsError: They are not of the same samples with the same labels.
        ValueError: There are not as many people as predictions.
    """
    other = reference.in_order_of(predictions)
    gained = (predictions.predicted == predictions.labels).astype(np.float64)
    gained -= other.predicted == other.labels
    return Gain(float(gained.mean()), _interval_of_mean(gained, people, resamples, seed))


def _interval_of_mean(
    values: NDArray[np.float64],
    people: Sequence[Hashable] | None,
    resamples: int,
    seed: int,
) -> Interval:
    columns = np.stack([values, np.ones(len(values))], axis=1)
    (interval,) = _intervals(
        _by_person(columns, people),
        lambda totals: (totals[:, 0] / totals[:, 1])[None],
        resamples,
        seed,
    )
    return interval


def _by_person(
    columns: NDArray[np.float64], people: Sequence[Hashable] | None
) -> NDArray[np.float64]:
    """The sums (people, K) of each person's rows in columns (N, K)."""
    if people is None:
        return columns
    if len(people) != len(columns):
        raise ValueError(f"{len(columns)} predictions, but {len(people)} people")
    numbers = {person: number for number, person in enumerate(dict.fromkeys(people))}
    sums = np.zeros((len(numbers), columns.shape[1]))
    np.add.at(sums, [numbers[person] for person in people], columns)
    return sums


def _intervals(
    units: NDArray[np.float64],
    figures: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    resamples: int,
    seed: int,
) -> list[Interval]:
    """The interval of each figure.

    Args:
        units: What each unit that is drawn adds to the totals, (U, K).
        figures: From totals (R, K) to figures (F, R).
        resamples: The number of resamples.
        seed: Decides what is drawn.
    """
    count = len(units)

    def of_drawn(drawn: NDArray[np.int64], axis: int = -1) -> NDArray[np.float64]:
        rows = drawn.reshape(-1, count) + count * np.arange(drawn.size // count)[:, None]
        times = np.bincount(rows.ravel(), minlength=rows.size).reshape(-1, count)
        return figures(times @ units).reshape(-1, *drawn.shape[:-1])

    if count == 1:
        # The only unit is drawn every time; scipy asks for two.
        return [Interval(value, value) for value in of_drawn(np.zeros(1, np.int64)).tolist()]
    with warnings.catch_warnings():
        # A class that some resamples lack has no interval of scipy's; below it gets one.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        result = bootstrap(
            (np.arange(count),),
            of_drawn,
            n_resamples=resamples,
            batch=_RESAMPLES_AT_ONCE,
            vectorized=True,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
    tail = (1 - CONFIDENCE_LEVEL) / 2
    return [_quantiles(figure, tail) for figure in result.bootstrap_distribution]


def _quantiles(drawn: NDArray[np.float64], tail: float) -> Interval:
    defined = drawn[np.isfinite(drawn)]
    if not len(defined):
        return Interval(np.nan, np.nan)
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _figures(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    confusion = totals[:, :_CELLS].reshape(-1, len(EMOTIONS), len(EMOTIONS)).astype(np.int64)
    samples = confusion.sum(axis=(1, 2))
    excess = totals[:, _CELLS:-1]
    return np.stack(
        [
            accuracy_of(confusion),
            balanced_accuracy_of(confusion),
            np.abs(excess).sum(axis=1) / samples,
            totals[:, -1] / samples,
            *recall_of(confusion).T,
            *precision_of(confusion).T,
        ]
    )


def _at_least_wilson(
    intervals: Sequence[Interval], right: NDArray[np.int64], samples: NDArray[np.int64]
) -> tuple[Interval, ...]:
    wider = []
    for interval, successes, count in zip(intervals, right.tolist(), samples.tolist(), strict=True):
        if count == 0:
            wider.append(Interval(np.nan, np.nan))
            continue
        wilson = binomtest(successes, count).proportion_ci(CONFIDENCE_LEVEL, method="wilson")
        low, high = float(wilson.low), float(wilson.high)
        wider.append(Interval(min(interval.low, low), max(interval.high, high)))
    return tuple(wider)
