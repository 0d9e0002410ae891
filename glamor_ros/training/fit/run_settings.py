"""Where a recipe is run, and the files that it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ...errors import GlamorError


class TrainingError(GlamorError, ValueError):
    """A run that lacks something that its recipe or Lightning needs."""


@dataclass(frozen=True)
class RunSettings:
    """The place and the machines on which a recipe is run.

    Attributes:
        output: The folder of the run, shared by all machines.
        resume: Whether an interrupted run is continued.
        accelerator: See Lightning's Trainer, as for devices, nodes (its num_nodes) and strategy.
        devices: The number of devices of each machine.
        nodes: The number of machines.
        strategy: How the devices share a batch.
        workers: The number of processes of each device that read samples.
        teachers: The checkpoints for recipes with `distillation`.
        start: The checkpoints for recipes with `start`, by the names that it uses.
        encoder_weights: The file for recipes with `pretrained_encoders`; see
            `load_pretrained_weights`.
        limit_batches: The largest number of training and of validation batches in an epoch, to try
            a recipe out; None for all.
        progress_bar: Whether Lightning draws one.
    """

    output: Path
    resume: bool = False
    accelerator: str = "auto"
    devices: int | Literal["auto"] = "auto"
    nodes: int = 1
    strategy: str = "auto"
    workers: int = 0
    teachers: tuple[Path, ...] = ()
    start: Mapping[str, Path] = field(default_factory=dict)
    encoder_weights: Path | None = None
    limit_batches: int | None = None
    progress_bar: bool = True
