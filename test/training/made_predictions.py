"""Predictions with errors of every kind, the same in every run."""

from __future__ import annotations

import numpy as np

from glamor_ros.training.evaluation.predictions import Predictions


def made_predictions(count: int = 500, seed: int = 7, skill: float = 1.0) -> Predictions:
    """Classes are not equally frequent; skill is what the true class's logit is raised by."""
    labels = np.random.default_rng(1).choice(7, count, p=[0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05])
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(count, 7)) + np.linspace(0.6, 0.0, 7)
    logits[np.arange(count), labels] += skill
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    names = [f"test/{index:04d}.png" for index in range(count)]
    return Predictions(names, labels.astype(np.int64), probabilities.astype(np.float32))
