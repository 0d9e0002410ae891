"""How good predictions are: accuracy, figures of each class, calibration."""

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
    """

    confusion: NDArray[np.int64]
    calibration_error: float

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
        return float(np.trace(self.confusion) / self.count)

    @property
    def recall(self) -> NDArray[np.float64]:
        """The accuracy within each class, (7,); NaN for a class without samples."""
        return _divided(np.diag(self.confusion), self.support)

    @property
    def precision(self) -> NDArray[np.float64]:
        """The share of each class's predictions that are right, (7,); NaN where there are none."""
        return _divided(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def f1(self) -> NDArray[np.float64]:
        """The harmonic mean of precision and recall, (7,); NaN for a class that never occurs."""
        both = self.support + self.confusion.sum(axis=0)
        return _divided(2 * np.diag(self.confusion), both)

    @property
    def balanced_accuracy(self) -> float:
        """The mean of the classes' recalls."""
        return float(np.nanmean(self.recall))

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
            "classes": {
                name: {
                    "samples": int(support),
                    "accuracy": _finite(recall),
                    "precision": _finite(precision),
                    "f1": _finite(f1),
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
    )


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
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    of_bin = np.searchsorted(edges, confidence, side="left")
    excess = np.bincount(of_bin, weights=correct - confidence, minlength=bins)
    return float(np.abs(excess).sum() / len(labels))


def _divided(numerator: NDArray[np.int64], denominator: NDArray[np.int64]) -> NDArray[np.float64]:
    undefined = np.full(len(numerator), np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
