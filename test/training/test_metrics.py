"""The figures agree with scikit-learn's, and with the definitions where it has none."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.training.evaluation.metrics import expected_calibration_error, measure
from glamor_ros.training.evaluation.predictions import Predictions

from .made_predictions import made_predictions

sklearn_metrics = pytest.importorskip("sklearn.metrics")


def one_hot_predictions(labels: list[int], predicted: list[int]) -> Predictions:
    names = [str(index) for index in range(len(labels))]
    return Predictions(names, np.array(labels), np.eye(7, dtype=np.float32)[predicted])


def test_agrees_with_scikit_learn() -> None:
    predictions = made_predictions()
    metrics = measure(predictions)
    labels, predicted = predictions.labels, predictions.predicted
    precision, recall, f1, support = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted
    )
    assert 0.3 < metrics.accuracy < 0.9
    assert metrics.accuracy == pytest.approx(sklearn_metrics.accuracy_score(labels, predicted))
    assert metrics.balanced_accuracy == pytest.approx(
        sklearn_metrics.balanced_accuracy_score(labels, predicted)
    )
    assert metrics.macro_f1 == pytest.approx(
        sklearn_metrics.f1_score(labels, predicted, average="macro")
    )
    np.testing.assert_allclose(metrics.precision, precision)
    np.testing.assert_allclose(metrics.recall, recall)
    np.testing.assert_allclose(metrics.f1, f1)
    np.testing.assert_array_equal(metrics.support, support)
    np.testing.assert_array_equal(
        metrics.confusion, sklearn_metrics.confusion_matrix(labels, predicted)
    )


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_classes_that_are_not_there_count_for_nothing() -> None:
    labels, predicted = [0, 0, 1, 1], [0, 2, 1, 1]
    metrics = measure(one_hot_predictions(labels, predicted))
    assert metrics.recall[:3].tolist() == pytest.approx([0.5, 1.0, math.nan], nan_ok=True)
    assert metrics.precision[:4].tolist() == pytest.approx([1, 1, 0, math.nan], nan_ok=True)
    assert metrics.balanced_accuracy == sklearn_metrics.balanced_accuracy_score(labels, predicted)
    assert metrics.macro_f1 == pytest.approx(
        sklearn_metrics.f1_score(labels, predicted, average="macro")
    )


def test_negative_log_likelihood_as_scikit_learns_log_loss() -> None:
    predictions = made_predictions()
    found = measure(predictions).negative_log_likelihood
    expected = sklearn_metrics.log_loss(predictions.labels, predictions.probabilities)
    assert found == pytest.approx(expected, rel=1e-5)
    wrong = one_hot_predictions([0, 1], [0, 2])
    assert measure(wrong).negative_log_likelihood == pytest.approx(87.3 / 2, abs=0.1)
    assert measure(wrong).as_dict()["negative_log_likelihood"] > 43


def test_calibration_error_by_hand() -> None:
    # Bin (0.8, 0.867]: three samples, confidence 0.85, two right. Bin (0.533, 0.6]: one, right.
    probabilities = np.full((4, 7), 0.15 / 6, np.float32)
    probabilities[:3, 0] = 0.85
    probabilities[3] = [0.55, 0.45, 0, 0, 0, 0, 0]
    labels = np.array([0, 0, 1, 0])
    expected = 3 / 4 * abs(2 / 3 - 0.85) + 1 / 4 * abs(1 - 0.55)
    assert expected_calibration_error(labels, probabilities) == pytest.approx(expected)


def test_calibration_error_by_definition() -> None:
    predictions = made_predictions(skill=2.0)
    confidence = predictions.probabilities.max(axis=1)
    correct = predictions.predicted == predictions.labels
    expected = 0.0
    for bin_index in range(15):
        inside = (confidence > bin_index / 15) & (confidence <= (bin_index + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    assert expected > 0.02
    assert measure(predictions).calibration_error == pytest.approx(expected, abs=1e-6)


def test_certain_and_right_is_perfectly_calibrated() -> None:
    metrics = measure(one_hot_predictions([0, 3, 6], [0, 3, 6]))
    assert (metrics.calibration_error, metrics.accuracy) == (0.0, 1.0)


def test_json_has_no_nan() -> None:
    content = json.loads(json.dumps(measure(one_hot_predictions([0, 1], [0, 0])).as_dict()))
    assert content["classes"]["Surprise"] == {
        "samples": 0,
        "accuracy": None,
        "precision": None,
        "f1": None,
    }
    assert content["accuracy"] == 0.5
    assert content["confusion_matrix"]["classes"] == list(EMOTIONS)
    assert content["confusion_matrix"]["counts"][1][0] == 1
