"""The recipe of a stage: how a network is trained, whatever it and its samples are."""

from __future__ import annotations

import itertools
from dataclasses import field
from typing import Literal

import torch
from pydantic.dataclasses import dataclass

from .distillation import Distillation
from .learning_rate import Schedule
from .mixup import Mixup
from .optimizers import Optimizer, Sgd
from .recipe_errors import STRICT
from .recipe_numbers import Count, NotNegative, Positive, Share

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
# What a GlamorNet is made of, and the classifiers that face and context have for themselves.
Part = Literal[
    "face_encoder",
    "context_encoder",
    "attention",
    "fusion",
    "classifier",
    "face_classifier",
    "context_classifier",
]


@dataclass(frozen=True, config=STRICT)
class FacePhase:
    """Epochs at one size of the faces.

    Attributes:
        epochs: The number of epochs.
        size_px: Height and width of the faces that the network sees.
        augmentation_strength: The factor of the random changes.
        smallest_px: Each batch has a size of its own, drawn from this one to size_px; None for
            size_px alone.
    """

    epochs: Count
    size_px: Count
    augmentation_strength: NotNegative = 1.0
    smallest_px: Count | None = None

    def __post_init__(self) -> None:
        if self.smallest_px is not None and self.smallest_px > self.size_px:
            raise ValueError(
                f"smallest_px is {self.smallest_px}; it must be at most size_px, {self.size_px}"
            )

    def draw_size_px(self, generator: torch.Generator) -> int:
        """The size of the faces of a batch.

        Args:
            generator: Drawn from only where there are several sizes.
        """
        if self.smallest_px is None:
            return self.size_px
        drawn = torch.randint(
            self.smallest_px, self.size_px + 1, (), generator=generator, device=generator.device
        )
        return int(drawn)


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
        mixup: The blending of samples; None for none.
        distillation: What is learnt of the run's teachers; None learns of the labels alone.
        face_sizes_px: The sizes of faces in training, one after the other, with as many epochs as
            the stage; without any, faces have their final size throughout. Validation is always at
            the final size.
        face_loss_weight: The weight of the loss of a classifier that the face has for itself; 0 for
            no such classifier. The face encoder with this classifier is saved as a network by
            itself.
        context_loss_weight: The weight of the loss of a classifier that the attended context has
            for itself, of those samples in which another person decides; 0 for no such classifier.
        attention_guidance_weight: The weight of the negative logarithm of the attention on the
            person who decides.
        attention_concentration_weight: The weight of the attention's unevenness in the loss, which
            keeps it from settling on any one cell.
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
    mixup: Mixup | None = None
    distillation: Distillation | None = None
    face_sizes_px: tuple[FacePhase, ...] = ()
    face_loss_weight: NotNegative = 0.0
    context_loss_weight: NotNegative = 0.0
    attention_guidance_weight: NotNegative = 0.0
    attention_concentration_weight: NotNegative = 0.0
    averaged_weights_decay: Share | None = None
    precision: Precision = "32-true"
    channels_last: bool = False

    def __post_init__(self) -> None:
        phases = sum(phase.epochs for phase in self.face_sizes_px)
        if self.face_sizes_px and phases != self.epochs:
            raise ValueError(f"face_sizes_px has {phases} epochs, the stage {self.epochs}")

    def face_phase(self, epoch: int) -> FacePhase | None:
        """What face_sizes_px says of an epoch, counted from 0; None where it is empty."""
        until = itertools.accumulate(phase.epochs for phase in self.face_sizes_px)
        phases = zip(self.face_sizes_px, until, strict=True)
        return next((phase for phase, end in phases if epoch < end), None)

    @property
    def needs_deciders(self) -> bool:
        """Whether it has to be known who in a scene decides."""
        of_undecided = self.distillation is not None and self.distillation.samples == "undecided"
        losses = self.context_loss_weight or self.attention_guidance_weight
        return bool(losses) or of_undecided

    def named_parts(self) -> set[str]:
        """The parts of the network of which this recipe says something."""
        return {*self.learning_rate_factors, *self.frozen}
