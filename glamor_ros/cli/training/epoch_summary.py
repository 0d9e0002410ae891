"""A line for every epoch of a training run."""

from __future__ import annotations

import typer
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import rank_zero_only

from ...training.fit.lightning_module import ACCURACY, FACE_WEIGHT, LOSS


class EpochLines(Callback):
    """Written to stdout, by the first process alone."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(
            trainer.current_epoch + 1,
            trainer.max_epochs,
            {name: float(value) for name, value in trainer.callback_metrics.items()},
        )

    @rank_zero_only
    def _write(self, epoch: int, epochs: int | None, figures: dict[str, float]) -> None:
        parts = [
            f"loss {figures[f'train/{LOSS}']:.4f}",
            f"accuracy {figures[f'train/{ACCURACY}']:.4f}",
        ]
        if f"validation/{ACCURACY}" in figures:
            parts.append(f"validation accuracy {figures[f'validation/{ACCURACY}']:.4f}")
        if f"train/{FACE_WEIGHT}" in figures:
            parts.append(f"the face's fusion weight {figures[f'train/{FACE_WEIGHT}']:.2f}")
        typer.echo(f"{self._stage} {epoch}/{epochs}: {', '.join(parts)}")
