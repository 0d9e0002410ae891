"""The samples of a training run, spread over its processes."""

from __future__ import annotations

from typing import Any

import numpy as np
from lightning.pytorch import LightningDataModule
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Sampler

from ..data.batch_sampling import OrderedBatches, Shard
from ..data.emotion_dataset import EmotionDataset
from ..evaluation.evaluate import BATCH_SIZE
from .training_data import TrainingData


class EmotionDataModule(LightningDataModule):
    """The training and validation samples of a run, as Lightning's Trainer takes them.

    Args:
        data: The samples.
        batch_size: Training samples of a step, in all processes together.
        seed: Decides the order of the training samples.
        workers: Processes of each device that read samples; 0 reads in the training process.
    """

    def __init__(
        self,
        data: TrainingData,
        *,
        batch_size: int,
        seed: int,
        workers: int = 0,
    ) -> None:
        super().__init__()
        self._data = data
        self._batch_size = batch_size
        self._seed = seed
        self._workers = workers

    def train_dataloader(self) -> DataLoader[Any]:
        """A loader of one epoch's training batches.

        Raises:
            BatchError: The batch size fits neither the samples nor the devices.
        """
        batches = self._data.batches(self._batch_size, self._seed, self._shard)
        return self._loader(self._data.train, batches)

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """A loader of all validation samples; an empty list where there are none.

        Raises:
            BatchError: There are fewer samples than devices.
        """
        validation = self._data.validation
        if validation is None:
            return []
        batches = OrderedBatches(len(validation), BATCH_SIZE, self._shard)
        return self._loader(validation, batches)

    @property
    def _shard(self) -> Shard:
        assert self.trainer is not None
        return Shard(self.trainer.global_rank, self.trainer.world_size)

    def _loader(
        self, dataset: EmotionDataset, batches: Sampler[NDArray[np.int64]]
    ) -> DataLoader[Any]:
        assert self.trainer is not None
        # The sampler gives whole batches: without batch_size, the loader collates nothing.
        return DataLoader(
            dataset,
            batch_size=None,
            sampler=batches,
            num_workers=self._workers,
            persistent_workers=self._workers > 0,
            pin_memory=self.trainer.strategy.root_device.type == "cuda",
        )
