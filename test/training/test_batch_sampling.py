from __future__ import annotations

import numpy as np
import pytest

from glamor_ros.training.data.batch_sampling import (
    BatchError,
    OrderedBatches,
    Shard,
    ShuffledBatches,
)


def batches(epoch: int, shard: Shard | None = None, seed: int = 5) -> list[list[int]]:
    sampler = ShuffledBatches(23, 4, seed, shard or Shard())
    sampler.set_epoch(epoch)
    assert len(list(sampler)) == len(sampler)
    return [batch.tolist() for batch in sampler]


def test_epochs_are_shuffled_each_by_itself_and_repeatably() -> None:
    first = batches(0)
    assert [len(batch) for batch in first] == [4] * 5
    assert len({index for batch in first for index in batch}) == 20
    assert batches(0) == first
    assert batches(1) != first
    assert batches(0, seed=6) != first


def test_devices_share_the_batches_of_one() -> None:
    shared = zip(batches(3, Shard(0, 2)), batches(3, Shard(1, 2)), strict=True)
    assert [sorted(a + b) for a, b in shared] == [sorted(batch) for batch in batches(3)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_validation_sees_every_sample_once(count: int) -> None:
    seen = [OrderedBatches(11, 4, Shard(index, count)) for index in range(count)]
    assert sorted(np.concatenate([batch for one in seen for batch in one])) == list(range(11))
    assert all(len(list(one)) == len(one) for one in seen)


def test_batches_that_cannot_be_made() -> None:
    with pytest.raises(BatchError, match="3 samples to train on, fewer than a batch_size of 4"):
        ShuffledBatches(3, 4, 0)
    with pytest.raises(BatchError, match="batch_size of 4 cannot be divided among 3 devices"):
        ShuffledBatches(9, 4, 0, Shard(0, 3))
    with pytest.raises(BatchError, match="1 validation samples are fewer than 2 devices"):
        OrderedBatches(1, 4, Shard(0, 2))
