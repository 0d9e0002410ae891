"""How good predictions are: accuracy, figures of each class, calibration.

What is computed from counts takes any number of leading dimensions, so that thousands of resamples
are measured at once (see `intervals`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network.emotions import EMOTIONS
from .predictions import Predictions

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Metrics:
    """The figures of a set of predictions.

    Figures of a class that the samples do not define are NaN, and are left out of the means.

    Attributes:
        confusion: (7, 7), int64, counts; rows are labels, columns predictions.
        calibration_error: The expected calibration error (ECE), in [0, 1].
        negative_log_likelihood: The mean over the samples of -log(probability of the label), in
            nats; 0 for a network that is sure and right.
    """

    confusion: NDArray[np.int64]
    calibration_error: float
    negative_log_likelihood: float

    @property
    def count(self) -> int:
        """The number of samples."""
        return int(self.confusion.sum())

    @property
    def support(self) -> NDArray[np.int64]:
        """The number of samples with each label, (7,)."""
        return np.asarray(self.confusion.sum(axis=1), np.int64)

    @property
    def accuracy(self) -> float:
        """The share of samples whose class was recognized, in [0, 1] (paper, equation 9)."""
        return float(accuracy_of(self.confusion))

    @property
    def recall(self) -> NDArray[np.float64]:
        """The accuracy within each class, (7,); NaN for a class without samples."""
        return recall_of(self.confusion)

    @property
    def precision(self) -> NDArray[np.float64]:
        """The share of each class's predictions that are right, (7,); NaN where there are none."""
        return precision_of(self.confusion)

    @property
    def f1(self) -> NDArray[np.float64]:
        """The harmonic mean of precision and recall, (7,); NaN for a class that never occurs."""
        both = self.support + self.confusion.sum(axis=0)
        return _divided(2 * np.diag(self.confusion), both)

    @property
    def balanced_accuracy(self) -> float:
        """The mean of the classes' recalls."""
        return float(balanced_accuracy_of(self.confusion))

    @property
    def macro_f1(self) -> float:
        """The mean of the classes' F1 scores."""
        return float(np.nanmean(self.f1))

    def as_dict(self) -> dict[str, Any]:
        """All figures as JSON values; NaN becomes None."""
        columns = zip(EMOTIONS, self.support, self.recall, self.precision, self.f1, strict=True)
        return {
            "samples": self.count,
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "macro_f1": self.macro_f1,
            "expected_calibration_error": self.calibration_error,
            "negative_log_likelihood": self.negative_log_likelihood,
            "classes": {
                name: {
                    "samples": int(support),
                    "accuracy": finite(recall),
                    "precision": finite(precision),
                    "f1": finite(f1),
                }
                for name, support, recall, precision, f1 in columns
            },
            "confusion_matrix": {
                "rows": "labels",
                "classes": list(EMOTIONS),
                "counts": self.confusion.tolist(),
            },
        }


def measure(predictions: Predictions) -> Metrics:
    """All figures of a set of predictions."""
    return Metrics(
        confusion_matrix(predictions.labels, predictions.predicted),
        expected_calibration_error(predictions.labels, predictions.probabilities),
        float(surprisal(predictions.labels, predictions.probabilities).mean()),
    )


def accuracy_of(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """The accuracy of confusion matrices (..., 7, 7): (...), in [0, 1]."""
    return np.asarray(_diagonal(confusion).sum(axis=-1) / confusion.sum(axis=(-2, -1)))


def recall_of(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """The accuracy within each class, (..., 7), of confusion matrices (..., 7, 7); NaN for none."""
    return _divided(_diagonal(confusion), confusion.sum(axis=-1))


def precision_of(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of each class's predictions that are right, (..., 7); NaN where there are none."""
    return _divided(_diagonal(confusion), confusion.sum(axis=-2))


def balanced_accuracy_of(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean of the classes' recalls, (...), of confusion matrices (..., 7, 7)."""
    return np.asarray(np.nanmean(recall_of(confusion), axis=-1))


def confusion_matrix(
    rows: NDArray[np.int64], columns: NDArray[np.int64], classes: int = len(EMOTIONS)
) -> NDArray[np.int64]:
    """How often each class of one array goes with each class of another.

    Args:
        rows: Classes, (N,).
        columns: Classes, (N,).
        classes: The number of classes.

    Returns:
        Counts, (classes, classes), int64.
    """
    counts = np.bincount(rows * classes + columns, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def expected_calibration_error(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], bins: int = CALIBRATION_BINS
) -> float:
    """The mean distance of confidence from accuracy, over bins of the confidence, in [0, 1].

    Guo et al., On Calibration of Modern Neural Networks (ICML 2017), equation 3.

    Args:
        labels: (N,).
        probabilities: (N, 7), rows sum to 1.
        bins: The number of bins of equal width, each of which includes its upper edge.
    """
    bins_of, excess = calibration_excess(labels, probabilities, bins)
    of_bins = np.bincount(bins_of, weights=excess, minlength=bins)
    return float(np.abs(of_bins).sum() / len(labels))


def calibration_excess(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], bins: int = CALIBRATION_BINS
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """What each sample adds to the expected calibration error: its bin, and right less confidence.

    Args:
        labels: (N,).
        probabilities: (N, 7), rows sum to 1.
        bins: See `expected_calibration_error`.

    Returns:
        The bin of each sample's confidence, (N,); and 1 where it is right, 0 where not, less the
        confidence, (N,).
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    return np.searchsorted(edges, confidence, side="left"), correct - confidence


def surprisal(labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """-log(probability of the label) of each sample, (N,), in nats.

    A probability of 0 counts as the smallest that float32 holds in full, so that it costs 87 nats.
    """
    of_label = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.maximum(of_label, np.finfo(np.float32).tiny))


def _diagonal(confusion: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def _divided(numerator: NDArray[np.int64], denominator: NDArray[np.int64]) -> NDArray[np.float64]:
    undefined = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)


def finite(value: float) -> float | None:
    """A number as a JSON value; NaN becomes None."""
    return float(value) if math.isfinite(value) else None
