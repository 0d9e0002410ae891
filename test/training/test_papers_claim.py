"""What the parts of the network are for, on datasets whose labels depend on known things."""

from __future__ import annotations

from pathlib import Path

import pytest

from glamor_ros.network.architecture import Architecture
from glamor_ros.training.fit.learning_rate import Schedule

from .made_datasets import context_dataset, relation_dataset
from .small_runs import accuracy, run, small_recipe


def test_what_the_context_says_is_learnt_with_the_context_alone(tmp_path: Path) -> None:
    """Of three classes, whoever sees the face alone is right in a third."""
    train, test = context_dataset(256, 0), context_dataset(240, 1)
    with_context = run(small_recipe(Architecture(), epochs=6), train, None, tmp_path / "both")
    assert accuracy(with_context.last, test) >= 0.95
    face = Architecture(classifier_inputs="face")
    without = run(small_recipe(face, epochs=3), train, None, tmp_path / "face")
    assert accuracy(without.last, test) < 0.45


@pytest.mark.parametrize(
    ("attention", "epochs", "lowest", "highest"),
    [("global_local", 6, 0.95, 1.0), ("context_only", 2, 0.45, 0.5)],
)
def test_the_relation_of_face_and_context_is_learnt_by_global_local_attention_alone(
    tmp_path: Path, attention: str, epochs: int, lowest: float, highest: float
) -> None:
    """The context alone is classified; the face can do no more than to guide the attention.

    Every context is in the test set twice, with different labels (see relation_dataset), so that
    no function of the context is right in more than half of it: 0.5 is a bound, not a guess.
    """
    architecture = Architecture(attention=attention, classifier_inputs="context")
    schedule = Schedule("step", at_epochs=(epochs - 1,))
    recipe = small_recipe(architecture, epochs=epochs, schedule=schedule)
    trained = run(recipe, relation_dataset(512, 0), None, tmp_path / "run")
    assert lowest <= accuracy(trained.last, relation_dataset(150, 1)) <= highest
