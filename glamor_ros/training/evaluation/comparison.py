"""Several models on the same samples, tested against each other (paper, Table 5)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .marginal_homogeneity_test import HomogeneityTest, stuart_maxwell
from .predictions import Predictions


@dataclass(frozen=True)
class Comparison:
    """The results of several models on the same samples, tested against each other.

    Attributes:
        models: The names of the models.
        accuracies: The accuracy of each, in [0, 1].
        tests: Row i has the test of model i against the labels, then against the models i+1, i+2
            and so on: the upper triangle of Table 5 with its diagonal.
    """

    models: Sequence[str]
    accuracies: Sequence[float]
    tests: Sequence[Sequence[HomogeneityTest]]

    def as_json(self) -> str:
        """The comparison as a JSON text."""
        rows = [
            {"models": [name, other], **asdict(test)}
            for index, name in enumerate(self.models)
            for other, test in zip(
                ["labels", *self.models[index + 1 :]], self.tests[index], strict=True
            )
        ]
        accuracies = dict(zip(self.models, self.accuracies, strict=True))
        return json.dumps({"accuracies": accuracies, "stuart_maxwell": rows}, indent=2) + "\n"


def compare_predictions(models: Sequence[str], predictions: Sequence[Predictions]) -> Comparison:
    """The comparison of models by their predictions, matched by the names of the samples.

    Args:
        models: The names of the models.
        predictions: Those of each model.

    Raises:
        PredictionsError: They are not of the same samples with the same labels.
    """
    aligned = [predictions[0], *(one.in_order_of(predictions[0]) for one in predictions[1:])]
    classes = [one.predicted for one in aligned]
    labels = aligned[0].labels
    return Comparison(
        models,
        [float((one == labels).mean()) for one in classes],
        [
            [stuart_maxwell(one, other) for other in (labels, *classes[index + 1 :])]
            for index, one in enumerate(classes)
        ],
    )
