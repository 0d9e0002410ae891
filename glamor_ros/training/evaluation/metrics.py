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
    """confusion: (7, 7) int64, counts; rows are labels, columns predictions.

    calibration_error: the expected calibration error (ECE).
    Figures of a class that the samples do not define are NaN and left out of the means.
    """

    confusion: NDArray[np.int64]
    calibration_error: float

    @property
    def count(self) -> int:
        return int(self.confusion.sum())

    @property
    def support(self) -> NDArray[np.int64]:
        """(7,), the number of samples with this label."""
        return np.asarray(self.confusion.sum(axis=1), np.int64)

    @property
    def accuracy(self) -> float:
        """Paper, equation 9."""
        return float(np.trace(self.confusion) / self.count)

    @property
    def recall(self) -> NDArray[np.float64]:
        """(7,), the accuracy within each class; NaN for a class without samples."""
        return _divided(np.diag(self.confusion), self.support)

    @property
    def precision(self) -> NDArray[np.float64]:
        """(7,); NaN for a class that was never predicted."""
        return _divided(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def f1(self) -> NDArray[np.float64]:
        """(7,); NaN for a class that is neither label nor prediction of any sample."""
        both = self.support + self.confusion.sum(axis=0)
        return _divided(2 * np.diag(self.confusion), both)

    @property
    def balanced_accuracy(self) -> float:
        return float(np.nanmean(self.recall))

    @property
    def macro_f1(self) -> float:
        return float(np.nanmean(self.f1))

    def as_dict(self) -> dict[str, Any]:
        """For JSON; NaN becomes None."""
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
    """How often each class of rows (N,) goes with each of columns (N,): (classes, classes)."""
    counts = np.bincount(rows * classes + columns, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def expected_calibration_error(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], bins: int = CALIBRATION_BINS
) -> float:
    """Mean distance of confidence and accuracy over equal-width bins of the confidence, in [0, 1].

    Guo et al., On Calibration of Modern Neural Networks (ICML 2017), equation 3; bins are closed
    above.
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
