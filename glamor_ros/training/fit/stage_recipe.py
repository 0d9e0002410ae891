"""The recipe of a stage: how a network is trained, whatever it and its samples are."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from pydantic.dataclasses import dataclass

from .learning_rate import Schedule
from .optimizers import Optimizer, Sgd
from .recipe_errors import STRICT
from .recipe_numbers import Count, NotNegative, Positive, Share

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
# What a GlamorNet is made of.
Part = Literal["face_encoder", "context_encoder", "attention", "fusion", "classifier"]


@dataclass(frozen=True, config=STRICT)
class StageRecipe:
    """A stage's gradient descent, on the cross-entropy with the labels' distributions.

    Attributes:
        epochs: Passes over the training samples.
        batch_size: Samples of a step, on all devices together.
        learning_rate: The initial learning rate.
        schedule: How the learning rate changes.
        optimizer: What takes the steps.
        weight_decay: The decay of the weights; biases and normalisations have none.
        learning_rate_factors: The factor of the learning rate of parts that do not follow it as it
            is.
        frozen: The parts that stay as they are, statistics included.
        label_smoothing: The share of each label that is spread over all classes, from 0 to below 1.
        dropout: The dropout before the classifier's last layer, from 0 to below 1.
        averaged_weights_decay: The decay of an exponential average over the steps, which is then
            validated and saved in place of the weights; None for no average.
        precision: See Lightning's Trainer.
        channels_last: Whether images and filters lie in memory channel by channel of each pixel,
            which is quicker in bfloat16 on processors and in mixed precision on GPUs. Rounding
            differs.
    """

    epochs: Count
    batch_size: Count
    learning_rate: Positive
    schedule: Schedule = field(default_factory=Schedule)
    optimizer: Optimizer = field(default_factory=Sgd)
    weight_decay: NotNegative = 0.0
    learning_rate_factors: dict[Part, Positive] = field(default_factory=dict)
    frozen: tuple[Part, ...] = ()
    label_smoothing: Share = 0.0
    dropout: Share = 0.5
    averaged_weights_decay: Share | None = None
    precision: Precision = "32-true"
    channels_last: bool = False

    def named_parts(self) -> set[str]:
        """The parts of the network of which this recipe says something."""
        return {*self.learning_rate_factors, *self.frozen}
