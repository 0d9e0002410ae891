"""What happens during a stage besides its steps: warnings, lines for people, best weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, WeightAveraging
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from .lightning_module import ACCURACY, FACE_WEIGHT, LOSS

COLLAPSED_WEIGHT = 0.95


class FusionCollapseWarning(UserWarning):
    """A warning that the fusion ignores the face or the context (paper, section 4.2)."""


class FusionWatch(Callback):
    """A watch over the fusion's weights, which warns of an epoch that left a branch with nothing.

    It warns again when another branch is ignored, or the same one after a recovery.
    """

    def __init__(self) -> None:
        self._ignored: str | None = None

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        weight = trainer.callback_metrics.get(f"train/{FACE_WEIGHT}")
        if weight is None:
            return
        ignored = ignored_branch(float(weight))
        if ignored is not None and ignored != self._ignored:
            _warn(ignored, float(weight), trainer.current_epoch)
        self._ignored = ignored

    def state_dict(self) -> dict[str, Any]:
        return {"ignored": self._ignored}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._ignored = state_dict["ignored"]


def ignored_branch(mean_face_weight: float) -> str | None:
    """The branch that the fusion ignores, "face" or "context"; None where it uses both."""
    if mean_face_weight > COLLAPSED_WEIGHT:
        return "context"
    return "face" if mean_face_weight < 1 - COLLAPSED_WEIGHT else None


@rank_zero_only
def _warn(ignored: str, mean_face_weight: float, epoch: int) -> None:
    warnings.warn(
        f"in epoch {epoch} the fusion ignores the {ignored}: the face's mean weight is "
        f"{mean_face_weight:.3f}, the context's {1 - mean_face_weight:.3f}. Train the branches by "
        "themselves first (stages.branches), for longer, or lower the joint learning rate",
        FusionCollapseWarning,
        stacklevel=3,
    )


SaveWeights = Callable[[Mapping[str, Any]], None]


class BestWeights(Callback):
    """A saver of the weights after each validation that is more accurate than all before.

    It stands before an averaging callback, which puts the trained weights back in the place of the
    averaged ones.

    Args:
        save: Called with the figures of the epoch whose weights are to be saved.
    """

    def __init__(self, save: SaveWeights) -> None:
        self._save = save
        self._accuracy = -1.0

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Of all processes together, so every one of them has to ask.
        figures = epoch_figures(trainer, trainer.current_epoch + 1)
        accuracy = figures[f"validation/{ACCURACY}"]
        if accuracy > self._accuracy:
            self._accuracy = accuracy
            if trainer.is_global_zero:
                self._save(figures)

    def state_dict(self) -> dict[str, Any]:
        return {"accuracy": self._accuracy}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._accuracy = state_dict["accuracy"]


def epoch_figures(trainer: Trainer, epochs: int) -> dict[str, float]:
    """What is logged of the newest epoch, by name.

    Args:
        trainer: Lightning's trainer.
        epochs: The number of epochs that have been finished.
    """
    figures = {name: float(value) for name, value in sorted(trainer.callback_metrics.items())}
    return {"epochs": epochs, **figures}


class AveragedWeights(WeightAveraging):
    """An exponential average of weights and statistics over the steps, which adapts fast at first.

    Args:
        decay: The share of the average that a step keeps in the long run.
    """

    def __init__(self, decay: float) -> None:
        def average(averaged: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
            kept = min(decay, (1 + int(count)) / (10 + int(count)))
            return averaged + (current - averaged) * (1 - kept)

        super().__init__(use_buffers=True, avg_fn=average)


class EpochLines(Callback):
    """A line of text for every epoch of a stage, written by the first process alone.

    Args:
        stage: The name of the stage.
        write: Takes each line.
    """

    def __init__(self, stage: str, write: Callable[[str], object]) -> None:
        self._stage = stage
        self._write = write

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write_line(
            trainer.current_epoch + 1,
            trainer.max_epochs,
            {name: float(value) for name, value in trainer.callback_metrics.items()},
        )

    @rank_zero_only
    def _write_line(self, epoch: int, epochs: int | None, figures: dict[str, float]) -> None:
        parts = [
            f"loss {figures[f'train/{LOSS}']:.4f}",
            f"accuracy {figures[f'train/{ACCURACY}']:.4f}",
        ]
        if f"validation/{ACCURACY}" in figures:
            parts.append(f"validation accuracy {figures[f'validation/{ACCURACY}']:.4f}")
        if f"train/{FACE_WEIGHT}" in figures:
            parts.append(f"the face's fusion weight {figures[f'train/{FACE_WEIGHT}']:.2f}")
        self._write(f"{self._stage} {epoch}/{epochs}: {', '.join(parts)}")
