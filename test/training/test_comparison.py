"""Models against each other and against the labels, in the order of Table 5."""

from __future__ import annotations

import json

import numpy as np
import pytest

from glamor_ros.training.evaluation.predictions import Predictions, PredictionsError

from .made_predictions import made_predictions

pytest.importorskip("statsmodels")

from glamor_ros.training.evaluation.comparison import compare_predictions
from glamor_ros.training.evaluation.marginal_homogeneity_test import stuart_maxwell


def test_upper_triangle_and_diagonal() -> None:
    a, b, c = (made_predictions(seed=seed, skill=seed / 2) for seed in (1, 2, 3))
    order = np.random.default_rng(0).permutation(len(b))
    shuffled = Predictions([b.names[i] for i in order], b.labels[order], b.probabilities[order])
    comparison = compare_predictions(["a", "b", "c"], [a, shuffled, c])
    assert [len(row) for row in comparison.tests] == [3, 2, 1]
    assert comparison.tests[0][0] == stuart_maxwell(a.predicted, a.labels)
    assert comparison.tests[0][1] == stuart_maxwell(a.predicted, b.predicted)
    assert comparison.tests[1][1] == stuart_maxwell(b.predicted, c.predicted)
    assert comparison.tests[2][0] == stuart_maxwell(c.predicted, c.labels)
    assert comparison.accuracies[1] == pytest.approx((b.predicted == b.labels).mean())
    content = json.loads(comparison.as_json())
    assert [row["models"] for row in content["stuart_maxwell"]] == [
        ["a", "labels"],
        ["a", "b"],
        ["a", "c"],
        ["b", "labels"],
        ["b", "c"],
        ["c", "labels"],
    ]
    assert content["stuart_maxwell"][1]["p_value"] == comparison.tests[0][1].p_value


def test_different_datasets_are_refused() -> None:
    with pytest.raises(PredictionsError, match="different samples"):
        compare_predictions(["a", "b"], [made_predictions(10), made_predictions(12)])
