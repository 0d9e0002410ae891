"""One temperature makes the confidence right, in figures and in the network itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from torch import nn

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.decision_fusion import DecisionFusion, fused_logits
from glamor_ros.training.evaluation.calibration import (
    Calibration,
    CalibrationError,
    calibrate_network,
    fitted_calibration,
    rare_classes_bias,
)
from glamor_ros.training.evaluation.metrics import measure
from glamor_ros.training.evaluation.predictions import Predictions

from .made_predictions import made_predictions


def sharpened(predictions: Predictions, factor: float) -> Predictions:
    """As a network says whose logits are so many times as large."""
    return Calibration(1 / factor, np.zeros(7)).of(predictions)


def cross_entropy(predictions: Predictions, temperature: float) -> float:
    scores = log_softmax(np.log(predictions.probabilities) / temperature, axis=1)
    return float(-scores[np.arange(len(predictions)), predictions.labels].mean())


def test_the_temperature_with_the_least_cross_entropy() -> None:
    predictions = made_predictions(3000, skill=2.0)
    fitted = fitted_calibration([predictions]).temperature
    grid = np.linspace(fitted - 0.3, fitted + 0.3, 61)
    best = grid[np.argmin([cross_entropy(predictions, one) for one in grid])]
    assert fitted == pytest.approx(best, abs=0.01)
    # Logits that are larger by a factor need a temperature that is.
    again = fitted_calibration([sharpened(predictions, 2.5)]).temperature
    assert again == pytest.approx(2.5 * fitted, rel=1e-3)


def test_an_overconfident_network_gets_as_sure_as_it_is_right() -> None:
    predictions = sharpened(made_predictions(3000, skill=2.0), 6.0)
    calibrated = fitted_calibration([predictions]).of(predictions)
    before, after = measure(predictions), measure(calibrated)
    assert before.calibration_error > 0.1
    assert after.calibration_error < 0.04
    assert after.negative_log_likelihood < before.negative_log_likelihood - 0.1
    assert after.accuracy == before.accuracy


def test_each_set_counts_the_same() -> None:
    many, few = made_predictions(2000, skill=2.0), sharpened(made_predictions(200, seed=8), 3.0)
    alone = [fitted_calibration([one]).temperature for one in (many, few)]
    both = fitted_calibration([many, few]).temperature
    assert alone[0] < both < alone[1]
    twice = fitted_calibration([many, few] * 2).temperature
    assert twice == pytest.approx(both, rel=1e-6)
    grid = np.linspace(alone[0], alone[1], 400)
    losses = [(cross_entropy(many, t) + cross_entropy(few, t)) / 2 for t in grid]
    assert both == pytest.approx(grid[np.argmin(losses)], abs=0.02)


def test_rare_classes_are_lifted_by_their_frequency() -> None:
    labels = np.array([3] * 92 + [1] * 1)
    bias = rare_classes_bias(labels, 0.5)
    counts = np.array([1, 2, 1, 93, 1, 1, 1])
    np.testing.assert_allclose(bias, -0.5 * np.log(counts / 100))
    np.testing.assert_array_equal(rare_classes_bias(labels, 0.0), np.zeros(7))
    predictions = made_predictions(1000)
    lifted = fitted_calibration([predictions], rare_classes_bias(predictions.labels, 1.0))
    assert measure(lifted.of(predictions)).recall[6] > measure(predictions).recall[6] + 0.1


def test_the_network_says_what_was_fitted() -> None:
    torch.manual_seed(2)
    network = build_glamor_net(Architecture(classifier_inputs="face")).eval()
    vectors = torch.rand(5, 256)
    bias = np.linspace(-1, 1, 7)
    with torch.inference_mode():
        expected = (network.classifier(vectors) + torch.from_numpy(bias).float()) / 1.7
        calibrate_network(network, Calibration(1.7, bias))
        assert torch.allclose(network.classifier(vectors), expected, atol=1e-5)
        network.classifier = DecisionFusion(4, (0.3, 0.7))
        parts = torch.rand(5, 8)
        expected = fused_logits(network.classifier(parts)) + torch.from_numpy(bias).float()
        calibrate_network(network, Calibration(0.5, bias))
        assert torch.allclose(fused_logits(network.classifier(parts)), expected / 0.5, atol=1e-5)
    network.classifier = nn.Identity()
    with pytest.raises(CalibrationError, match="Identity"):
        calibrate_network(network, Calibration(2.0, bias))


def test_a_network_that_knows_nothing_or_all_has_no_temperature() -> None:
    names = [str(index) for index in range(70)]
    labels = np.arange(70) % 7
    right = np.full((70, 7), 0.05, np.float32)
    right[np.arange(70), labels] = 0.7
    with pytest.raises(CalibrationError, match=r"no temperature between 0.1 and 10"):
        fitted_calibration([Predictions(names, labels, right)])
    wrong = np.roll(right, 1, axis=1)
    with pytest.raises(CalibrationError, match="70 samples"):
        fitted_calibration([Predictions(names, labels, wrong)])
