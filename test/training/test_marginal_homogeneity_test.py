"""The test agrees with statsmodels' where that has an answer, and is right where it has none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from .made_predictions import made_predictions

contingency_tables = pytest.importorskip("statsmodels.stats.contingency_tables")

from glamor_ros.training.evaluation.marginal_homogeneity_test import stuart_maxwell  # noqa: E402
from glamor_ros.training.evaluation.metrics import confusion_matrix  # noqa: E402


def test_agrees_with_statsmodels() -> None:
    first, second = made_predictions(seed=1).predicted, made_predictions(seed=2).predicted
    expected = contingency_tables.SquareTable(
        confusion_matrix(first, second), shift_zeros=False
    ).homogeneity(method="stuart_maxwell")
    result = stuart_maxwell(first, second)
    assert result.statistic == pytest.approx(expected.statistic)
    assert result.degrees_of_freedom == expected.df == 6
    assert result.p_value == pytest.approx(expected.pvalue)
    assert 0.001 < result.p_value < 0.999


def test_published_example() -> None:
    """Unaided distance vision of both eyes of 7,477 women (Stuart, Biometrika 42, 1955)."""
    table = [[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]]
    pairs = [(i, j) for i in range(4) for j in range(4) for _ in range(table[i][j])]
    first, second = np.array(pairs).T
    result = stuart_maxwell(first, second)
    assert result.statistic == pytest.approx(11.96, abs=0.01)
    assert result.degrees_of_freedom == 3


def test_small_p_values_do_not_become_zero() -> None:
    first = np.repeat([0, 1], [400, 100])
    second = np.repeat([1], 500)
    result = stuart_maxwell(first, second)
    assert result.statistic == pytest.approx(400.0)  # McNemar: (b - c)² / (b + c)
    assert 0 < result.p_value < 1e-80


def test_equal_predictions_have_nothing_to_test() -> None:
    predicted = made_predictions().predicted
    result = stuart_maxwell(predicted, predicted)
    assert (result.statistic, result.degrees_of_freedom, result.p_value) == (0.0, 0, 1.0)


def test_a_class_that_is_never_confused_changes_nothing() -> None:
    first, second = made_predictions(seed=1).predicted, made_predictions(seed=2).predicted
    among_five = (first < 5) & (second < 5)
    first, second = first[among_five], second[among_five]
    plain = contingency_tables.SquareTable(
        confusion_matrix(first, second, classes=5), shift_zeros=False
    ).homogeneity(method="stuart_maxwell")
    result = stuart_maxwell(np.append(first, [6] * 50), np.append(second, [6] * 50))
    assert result.statistic == pytest.approx(plain.statistic)
    assert result.degrees_of_freedom == plain.df == 4


def test_separate_groups_of_classes_give_the_generalised_inverses_statistic() -> None:
    first = np.repeat([0, 1, 2, 3, 4], [30, 20, 25, 25, 10])
    second = np.repeat([0, 1, 0, 1, 2, 3, 2, 3, 4], [18, 12, 5, 15, 10, 15, 6, 19, 10])
    table = confusion_matrix(first, second).astype(float)
    difference = table.sum(axis=1) - table.sum(axis=0)
    covariance = np.diag(table.sum(axis=1) + table.sum(axis=0)) - table - table.T
    expected = difference @ np.linalg.pinv(covariance) @ difference
    result = stuart_maxwell(first, second)
    assert result.statistic == pytest.approx(expected)
    assert result.degrees_of_freedom == np.linalg.matrix_rank(covariance) == 2
    assert result.p_value == pytest.approx(chi2.sf(expected, 2))
