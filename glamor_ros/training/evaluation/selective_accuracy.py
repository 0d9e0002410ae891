"""Accuracy where the network is sure: what a robot gets that does nothing in doubtful cases.

The risk-coverage curve of El-Yaniv and Wiener, On the Foundations of Noise-free Selective
Classification (JMLR 2010), told as accuracy. The probability of the best class is the confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .predictions import Predictions

THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class SelectivePoint:
    """What is left when less sure predictions are not acted upon.

    Attributes:
        threshold: The least confidence, in [0, 1].
        coverage: The share of the samples that reach it, in [0, 1].
        accuracy: The accuracy on these; None where no sample reaches it.
    """

    threshold: float
    coverage: float
    accuracy: float | None


@dataclass(frozen=True)
class SelectiveAccuracy:
    """The accuracy of a network that is silent where it is less sure than a threshold.

    Attributes:
        coverage: The share of the samples that are answered, ascending to 1, (M,): one for each
            confidence that occurs.
        accuracy: The accuracy on these, (M,).
        points: The same at some thresholds.
    """

    coverage: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    points: tuple[SelectivePoint, ...]

    @property
    def area(self) -> float:
        """The mean accuracy over all coverages, in [0, 1]: the area under the curve.

        A network whose confidence tells nothing has its plain accuracy here.
        """
        widths = np.diff(self.coverage, prepend=0.0)
        return float((self.accuracy * widths).sum())

    def as_dict(self) -> dict[str, Any]:
        """The area and the points as JSON values."""
        points = [
            {"threshold": p.threshold, "coverage": p.coverage, "accuracy": p.accuracy}
            for p in self.points
        ]
        return {"area_under_curve": self.area, "points": points}


def selective_accuracy(
    predictions: Predictions, thresholds: Sequence[float] = THRESHOLDS
) -> SelectiveAccuracy:
    """The selective accuracy of a set of predictions.

    Args:
        predictions: The predictions.
        thresholds: Where to give points of the curve, in [0, 1].
    """
    confidence = predictions.probabilities.max(axis=1)
    correct = predictions.predicted == predictions.labels
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(order) + 1)
    accuracy = np.cumsum(correct[order]) / answered
    # Samples that are equally sure come together or not at all.
    last = np.flatnonzero(np.diff(confidence[order], append=-1.0))
    points = []
    for threshold in thresholds:
        chosen = confidence >= threshold
        share = float(correct[chosen].mean()) if chosen.any() else None
        points.append(SelectivePoint(float(threshold), float(chosen.mean()), share))
    return SelectiveAccuracy(answered[last] / len(order), accuracy[last], tuple(points))
