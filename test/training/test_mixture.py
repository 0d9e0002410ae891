"""Mixtures of datasets: order, shares, rare classes, and one batch on many devices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glamor_ros.training.data.batch_sampling import BatchError, Shard
from glamor_ros.training.data.mixture import (
    MixedBatches,
    MixedDataset,
    MixtureSource,
    samples_per_batch,
)
from glamor_ros.training.data.samples import DatasetError

from .made_datasets import ArrayDataset, noise, one_hot_rows


def labelled(labels: list[int], brightness: int, size: int = 8) -> ArrayDataset:
    """Sample n's face has the value brightness + n, its context twice that."""
    values = brightness + np.arange(len(labels), dtype=np.uint8)
    pictures = np.zeros((len(labels), size, size, 3), np.uint8) + values[:, None, None, None]
    return ArrayDataset(pictures, 2 * pictures, one_hot_rows(np.array(labels)))


def two_sources(rarity: float = 0.0) -> list[MixtureSource]:
    # 90 samples of class 3 and 10 of class 5; then 2 of class 0 and 18 of class 1.
    first, second = labelled([3] * 90 + [5] * 10, 0), labelled([0] * 2 + [1] * 18, 100)
    return [MixtureSource(first, 3.0, rarity), MixtureSource(second, 1.0, rarity, 0.1)]


def drawn(epoch: int, shard: Shard | None = None, rarity: float = 0.0, seed: int = 5) -> np.ndarray:
    sampler = MixedBatches(two_sources(rarity), 16, seed, shard or Shard(), batches=50)
    sampler.set_epoch(epoch)
    return np.stack(list(sampler))


def test_sources_follow_each_other_and_batches_keep_the_order_asked_for() -> None:
    mixed = MixedDataset(two_sources())
    assert len(mixed) == len(mixed.names) == 120
    asked = [119, 0, 100, 42, 7]
    faces, contexts, distributions = mixed.batch(asked)
    assert faces[:, 0, 0, 0].tolist() == [119, 0, 100, 42, 7]
    assert torch.equal(contexts, 2 * faces)
    assert distributions.argmax(dim=1).tolist() == [1, 3, 0, 3, 3]
    assert torch.equal(distributions, torch.from_numpy(mixed.distributions[asked]))
    assert mixed[3].faces[0, 0, 0] == 3
    with pytest.raises(IndexError, match="no sample 120"):
        mixed[120]


def test_labels_are_smoothed_for_their_source_alone() -> None:
    distributions = MixedDataset(two_sources()).distributions
    assert distributions[0] == pytest.approx(np.eye(7)[3])
    assert distributions[119] == pytest.approx(np.eye(7)[1] * 0.9 + 0.1 / 7)
    assert distributions.sum(axis=1) == pytest.approx(np.ones(120), abs=1e-6)


def test_every_batch_has_the_same_share_of_each_source() -> None:
    batches = drawn(0)
    assert batches.shape == (50, 16)
    assert (batches[:, :12] < 100).all()
    assert (batches[:, 12:] >= 100).all()
    assert batches.max() < 120
    assert samples_per_batch([0.75, 0.25], 128) == [96, 32]
    assert samples_per_batch([1, 1, 1], 100) == [33, 34, 33]


def test_batches_depend_on_seed_and_epoch_alone() -> None:
    first = drawn(0)
    assert np.array_equal(first, drawn(0))
    assert not np.array_equal(first, drawn(1))
    assert not np.array_equal(first, drawn(0, seed=6))


def test_devices_share_the_batches_of_one() -> None:
    shards = [drawn(3, Shard(index, 4)) for index in range(4)]
    together = np.sort(np.concatenate(shards, axis=1), axis=1)
    assert np.array_equal(together, np.sort(drawn(3), axis=1))
    assert all(((shard >= 100).sum(axis=1) == 1).all() for shard in shards)


@pytest.mark.parametrize(("rarity", "rare_share"), [(0.0, 0.1), (0.5, 0.25), (1.0, 0.5)])
def test_rare_classes_are_drawn_by_their_frequency_raised_to_minus_rarity(
    rarity: float, rare_share: float
) -> None:
    # 10 of 100 samples: 10 * 10 ** -r against 90 * 90 ** -r.
    assert two_sources(rarity)[0].probabilities[90:].sum() == pytest.approx(rare_share)
    of_first = np.concatenate([drawn(epoch, rarity=rarity)[:, :12] for epoch in range(4)])
    assert (of_first >= 90).mean() == pytest.approx(rare_share, abs=0.03)
    assert len(np.unique(of_first)) == 100


def test_an_epoch_is_a_pass_over_the_first_source_by_default() -> None:
    assert len(MixedBatches(two_sources(), 16, 0)) == 100 // 12
    assert len(list(MixedBatches(two_sources(), 16, 0))) == 8


def test_mixtures_that_cannot_be_made() -> None:
    sources = two_sources()
    with pytest.raises(BatchError, match="batch_size of 16 cannot be divided among 3 devices"):
        MixedBatches(sources, 16, 0, Shard(0, 3))
    with pytest.raises(BatchError, match="shares 3, 1 gives a dataset no sample"):
        MixedBatches(sources, 1, 0)
    with pytest.raises(BatchError, match="first dataset has 100 samples, fewer than the 300"):
        MixedBatches(sources, 400, 0)
    with pytest.raises(DatasetError, match="at least one dataset"):
        MixedDataset([])
    other = MixtureSource(
        ArrayDataset(
            noise(2, 9, np.random.default_rng(0)),
            noise(2, 8, np.random.default_rng(0)),
            one_hot_rows(np.array([0, 1])),
        )
    )
    with pytest.raises(DatasetError, match=r"faces of \(3, 8, 8\) and \(3, 9, 9\); prepare them"):
        MixedDataset([sources[0], other]).batch([0, 101])
    for name, value in (("share", 0.0), ("rarity", 1.5), ("label_smoothing", 1.0)):
        with pytest.raises(ValueError, match=f"{name} is {value}"):
            MixtureSource(sources[0].dataset, **{name: value})
