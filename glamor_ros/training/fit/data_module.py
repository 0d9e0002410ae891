"""The samples of a training run, spread over its processes."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from ..data.batch_sampling import OrderedBatches, Shard, ShuffledBatches
from ..data.emotion_dataset import EmotionDataset
from ..evaluation.evaluate import BATCH_SIZE


class EmotionDataModule(LightningDataModule):
    """batch_size: of training, of all processes together. workers: processes that read samples."""

    def __init__(
        self,
        train: EmotionDataset,
        validation: EmotionDataset | None,
        *,
        batch_size: int,
        seed: int,
        workers: int = 0,
    ) -> None:
        super().__init__()
        self._train = train
        self._validation = validation
        self._batch_size = batch_size
        self._seed = seed
        self._workers = workers

    def train_dataloader(self) -> DataLoader[Any]:
        """Raises BatchError where the batch size fits neither the samples nor the devices."""
        batches = ShuffledBatches(len(self._train), self._batch_size, self._seed, self._shard)
        return self._loader(self._train, batches)

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        if self._validation is None:
            return []
        batches = OrderedBatches(len(self._validation), BATCH_SIZE, self._shard)
        return self._loader(self._validation, batches)

    @property
    def _shard(self) -> Shard:
        assert self.trainer is not None
        return Shard(self.trainer.global_rank, self.trainer.world_size)

    def _loader(
        self, dataset: EmotionDataset, batches: ShuffledBatches | OrderedBatches
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
