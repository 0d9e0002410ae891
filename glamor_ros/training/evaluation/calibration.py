"""Changes to a trained network's last layer that make its confidence and class shares right.

Temperature scaling: Guo et al., On Calibration of Modern Neural Networks (ICML 2017). Logit
adjustment: Menon et al., Long-tail learning via logit adjustment (ICLR 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import softmax
from torch import nn

from ...errors import GlamorError
from ...network.decision_fusion import DecisionFusion
from ...network.emotions import EMOTIONS
from ...network.glamor_net import GlamorNet
from .predictions import Predictions

TEMPERATURES = (0.1, 10.0)


class CalibrationError(GlamorError, ValueError):
    """A network that cannot be calibrated, or predictions that say nothing."""


@dataclass(frozen=True)
class Calibration:
    """A change of logits z to (z + bias) / temperature.

    Attributes:
        temperature: Above 0; above 1 where the network is too sure.
        bias: Added to the logits first, (7,).
    """

    temperature: float
    bias: NDArray[np.float64]

    def of(self, predictions: Predictions) -> Predictions:
        """The predictions as the changed network would make them."""
        changed = softmax((_logits(predictions) + self.bias) / self.temperature, axis=1)
        return Predictions(
            predictions.names,
            predictions.labels,
            changed.astype(np.float32),
            predictions.metadata,
        )


def fitted_calibration(
    sets: Sequence[Predictions], bias: NDArray[np.float64] | None = None
) -> Calibration:
    """The temperature with the least cross-entropy, each set counting the same.

    Args:
        sets: Predictions for samples that took no part in the training.
        bias: What is added to the logits first, (7,); None for nothing.

    Raises:
        CalibrationError: The best temperature is outside TEMPERATURES: the confidence of the
            network tells nothing, or it is sure and always right.
    """
    added = np.zeros(len(EMOTIONS)) if bias is None else bias
    logits = np.concatenate([_logits(one) + added for one in sets])
    labels = np.concatenate([one.labels for one in sets])
    weights = np.concatenate([np.full(len(one), 1 / (len(one) * len(sets))) for one in sets])
    of_label = logits[np.arange(len(labels)), labels]

    # The cross-entropy is convex in the sharpness, one over the temperature, and least where its
    # slope is 0.
    def slope(sharpness: float) -> float:
        expected = (softmax(logits * sharpness, axis=1) * logits).sum(axis=1)
        return float(weights @ (expected - of_label))

    low, high = 1 / TEMPERATURES[1], 1 / TEMPERATURES[0]
    if not slope(low) < 0 < slope(high):
        raise CalibrationError(
            f"no temperature between {TEMPERATURES[0]:g} and {TEMPERATURES[1]:g} is best: on these "
            f"{len(labels)} samples the network is right as often whether it is sure or not, or "
            "always; are the labels those of these weights, and are there enough samples?"
        )
    return Calibration(1 / float(brentq(slope, low, high)), added)


def rare_classes_bias(labels: NDArray[np.int64], strength: float) -> NDArray[np.float64]:
    """What lifts rare classes when it is added to the logits, (7,): -strength * log(frequency).

    Args:
        labels: Labels of samples such as the network was trained on, (N,); each class counts once
            more than it is there, so that one that is missing has a frequency.
        strength: 0 changes nothing; 1 undoes all that the network has learnt of how frequent the
            classes are.
    """
    counts = np.bincount(labels, minlength=len(EMOTIONS)) + 1.0
    return -strength * np.log(counts / counts.sum())


@torch.no_grad()
def calibrate_network(network: GlamorNet, calibration: Calibration) -> None:
    """Change the layer that gives a network's logits, for good.

    Args:
        network: The network; it is changed.
        calibration: What is done to the logits.

    Raises:
        CalibrationError: The logits do not come from linear layers.
    """
    bias = torch.from_numpy(calibration.bias)
    for layer in _logit_layers(network.classifier):
        layer.bias.add_(bias.to(layer.bias)).div_(calibration.temperature)
        layer.weight.div_(calibration.temperature)


def _logits(predictions: Predictions) -> NDArray[np.float64]:
    """Logits that give these probabilities; they are known but for a constant in each row."""
    probabilities = predictions.probabilities.astype(np.float64)
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))


def _logit_layers(classifier: nn.Module) -> list[nn.Linear]:
    if isinstance(classifier, DecisionFusion):
        # Their weights sum to 1, so that what is done to each is done to the sum.
        layers = list(classifier.classifiers)
    else:
        layers = [classifier[-1] if isinstance(classifier, nn.Sequential) else classifier]
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    if len(linear) < len(layers):
        raise CalibrationError(
            f"the logits come from {type(classifier).__name__}, not from a linear layer: this "
            "network cannot be calibrated"
        )
    return linear
