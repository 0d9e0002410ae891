"""Which samples go into which batch, on one device or spread over several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from ...errors import GlamorError


class BatchError(GlamorError, ValueError):
    """A batch size that fits neither the samples nor the devices."""


@dataclass(frozen=True)
class Shard:
    """One of several processes that share the work.

    Attributes:
        index: The number of this process, from 0.
        count: The number of processes.
    """

    index: int = 0
    count: int = 1


class ShuffledBatches(Sampler[NDArray[np.int64]]):
    """The batches of an epoch, in an order that depends on the seed and the epoch alone.

    Samples that do not fill a batch wait for another epoch.

    Args:
        samples: The number of samples.
        batch_size: Samples of a step in all processes together, so that the samples of a step do
            not depend on how many processes there are.
        seed: Decides the order.
        shard: The process whose part of each batch is given.

    Raises:
        BatchError: The batch cannot be filled, or not be divided among the processes.
    """

    def __init__(self, samples: int, batch_size: int, seed: int, shard: Shard = Shard()) -> None:
        if samples < batch_size:
            raise BatchError(
                f"there are {samples} samples to train on, fewer than a batch_size of {batch_size}"
            )
        if batch_size % shard.count:
            raise BatchError(
                f"a batch_size of {batch_size} cannot be divided among {shard.count} devices; "
                "change the recipe's batch_size or the number of devices"
            )
        self._samples = samples
        self._batch_size = batch_size
        self._seed = seed
        self._shard = shard
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is given next; Lightning calls this at the start of each."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._samples // self._batch_size

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        order = np.random.default_rng([self._seed, self._epoch]).permutation(self._samples)
        for step in range(len(self)):
            batch = order[step * self._batch_size : (step + 1) * self._batch_size]
            yield batch[self._shard.index :: self._shard.count]


class OrderedBatches(Sampler[NDArray[np.int64]]):
    """Batches that hold every sample once, in order.

    Args:
        samples: The number of samples.
        batch_size: Samples of a batch in one process.
        shard: The process whose samples are given.

    Raises:
        BatchError: There are fewer samples than processes.
    """

    def __init__(self, samples: int, batch_size: int, shard: Shard = Shard()) -> None:
        if samples < shard.count:
            raise BatchError(f"{samples} validation samples are fewer than {shard.count} devices")
        self._indices = np.arange(shard.index, samples, shard.count)
        self._batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self._indices) // self._batch_size)

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        for start in range(0, len(self._indices), self._batch_size):
            yield self._indices[start : start + self._batch_size]
