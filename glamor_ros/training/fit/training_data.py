"""The samples of a training run, and which of them go into which batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from ..data.batch_sampling import Shard, ShuffledBatches
from ..data.emotion_dataset import EmotionDataset
from .provenance import describe_samples

# Given a step's samples in all processes together, a seed and a process, its part of the batches.
MakeBatches = Callable[[int, int, Shard], Sampler[NDArray[np.int64]]]


@dataclass(frozen=True)
class TrainingData:
    """The samples of a run.

    Attributes:
        train: Samples prepared with the recipe's `training_preparation`.
        validation: Samples prepared with its `validation_preparation`; None trains without
            validation.
        source: Where the samples come from, for the provenance; JSON values.
        make_batches: Gives the batches of an epoch; None for every sample once, in random order.
    """

    train: EmotionDataset
    validation: EmotionDataset | None
    source: Mapping[str, Any]
    make_batches: MakeBatches | None = None

    def batches(self, batch_size: int, seed: int, shard: Shard) -> Sampler[NDArray[np.int64]]:
        """The batches of an epoch.

        Args:
            batch_size: Samples of a step, in all processes together.
            seed: Decides what is drawn.
            shard: The process whose part of each batch is given.

        Raises:
            BatchError: The batch size fits neither the samples nor the processes.
        """
        if self.make_batches is not None:
            return self.make_batches(batch_size, seed, shard)
        return ShuffledBatches(len(self.train), batch_size, seed, shard)

    def describe(self) -> dict[str, Any]:
        """The source with the number of samples, as JSON values."""
        return {
            "source": dict(self.source),
            "train": describe_samples(self.train),
            "validation": describe_samples(self.validation) if self.validation else None,
        }
