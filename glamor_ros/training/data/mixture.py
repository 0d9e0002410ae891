"""Mixtures of datasets: every batch has the same share of each, and rare classes are drawn more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Sampler

from ...network.emotions import EMOTIONS
from .batch_sampling import BatchError, Shard
from .emotion_dataset import Batch, EmotionDataset, Indices
from .samples import DatasetError


@dataclass(frozen=True)
class MixtureSource:
    """A dataset with its part in a mixture.

    Attributes:
        dataset: The samples.
        share: Its share of each batch, relative to the others'; above 0.
        rarity: How much rare classes are preferred: a sample is drawn in proportion to the
            frequency of its class, raised to -rarity. 0 draws all samples alike, 1 all classes.
        label_smoothing: The share of each label that is spread over all classes, from 0 to below 1.

    Raises:
        ValueError: A value is out of range.
    """

    dataset: EmotionDataset
    share: float = 1.0
    rarity: float = 0.0
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.share < float("inf"):
            raise ValueError(f"share is {self.share}; it must be above 0")
        if not 0 <= self.rarity <= 1:
            raise ValueError(f"rarity is {self.rarity}; it must be 0 to 1")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(
                f"label_smoothing is {self.label_smoothing}; it must be at least 0 and below 1"
            )

    @property
    def distributions(self) -> NDArray[np.float32]:
        """The smoothed labels, (N, 7)."""
        return smoothed(self.dataset.distributions, self.label_smoothing)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """How often each sample is drawn, (N,), in sum 1."""
        labels = self.dataset.labels
        frequencies = np.bincount(labels, minlength=len(EMOTIONS)).astype(np.float64)
        weights = frequencies[labels] ** -self.rarity
        return weights / weights.sum()


def smoothed(distributions: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Labels of which a share is spread over all classes.

    Args:
        distributions: (N, 7), rows sum to 1.
        share: From 0 to below 1.
    """
    return (distributions * (1 - share) + share / len(EMOTIONS)).astype(np.float32)


class MixedDataset(EmotionDataset):
    """The samples of several datasets, one dataset after the other.

    Args:
        sources: The datasets, prepared alike: for one network, with one margin.

    Raises:
        DatasetError: There is none.
    """

    def __init__(self, sources: Sequence[MixtureSource]) -> None:
        if not sources:
            raise DatasetError("a mixture needs at least one dataset")
        self._datasets = [source.dataset for source in sources]
        self._distributions = np.concatenate([source.distributions for source in sources])
        self._ends = np.cumsum([len(dataset) for dataset in self._datasets])

    @property
    def distributions(self) -> NDArray[np.float32]:
        return self._distributions

    @property
    def names(self) -> Sequence[str]:
        return [name for dataset in self._datasets for name in dataset.names]

    def batch(self, indices: Indices) -> Batch:
        """The samples at these indices, in this order; see `EmotionDataset.batch`.

        Raises:
            DatasetError: The datasets were prepared for different networks.
        """
        chosen = np.asarray(indices, np.int64)
        owners = np.searchsorted(self._ends, chosen, side="right")
        order = np.argsort(owners, kind="stable")
        parts = []
        for owner in np.unique(owners):
            dataset = self._datasets[owner]
            first = self._ends[owner] - len(dataset)
            parts.append(dataset.batch(chosen[order][owners[order] == owner] - first))
        faces = _joined([part.faces for part in parts], "faces")
        contexts = _joined([part.contexts for part in parts], "contexts")
        if not np.array_equal(order, np.arange(len(order))):
            back = torch.from_numpy(np.argsort(order))
            faces, contexts = faces[back], contexts[back]
        return Batch(faces, contexts, torch.from_numpy(self._distributions[chosen]))


def _joined(parts: list[torch.Tensor], what: str) -> torch.Tensor:
    if len(parts) == 1:
        return parts[0]
    if len({part.shape[1:] for part in parts}) > 1:
        shapes = " and ".join(str(tuple(part.shape[1:])) for part in parts)
        raise DatasetError(
            f"the datasets of a mixture have {what} of {shapes}; prepare them alike, with one "
            "input_spec and one margin"
        )
    return torch.cat(parts)


class MixedBatches(Sampler[NDArray[np.int64]]):
    """The batches of an epoch of a `MixedDataset`, which depend on the seed and the epoch alone.

    In each batch the sources follow each other in their order. Samples are drawn with replacement.

    Args:
        sources: The sources of the dataset, in its order.
        batch_size: Samples of a step in all processes together, so that the samples of a step do
            not depend on how many processes there are.
        seed: Decides what is drawn.
        shard: The process whose part of each batch is given.
        batches: The number of batches of an epoch; None: as many as draw as many samples of the
            first source as it has.

    Raises:
        BatchError: A source gets no sample, or the batch cannot be divided among the processes, or
            the epoch has no batch.
    """

    def __init__(
        self,
        sources: Sequence[MixtureSource],
        batch_size: int,
        seed: int,
        shard: Shard = Shard(),
        batches: int | None = None,
    ) -> None:
        if batch_size % shard.count:
            raise BatchError(
                f"a batch_size of {batch_size} cannot be divided among {shard.count} devices; "
                "change the recipe's batch_size or the number of devices"
            )
        self._counts = samples_per_batch([source.share for source in sources], batch_size)
        self._seed = seed
        self._shard = shard
        self._epoch = 0
        self._batches = len(sources[0].dataset) // self._counts[0] if batches is None else batches
        if self._batches < 1:
            raise BatchError(
                f"the first dataset has {len(sources[0].dataset)} samples, fewer than the "
                f"{self._counts[0]} of a batch_size of {batch_size}; choose a smaller batch_size, "
                "or how many batches an epoch has"
            )
        sizes = [len(source.dataset) for source in sources]
        self._firsts = np.cumsum([0, *sizes[:-1]])
        self._cumulated = [np.cumsum(source.probabilities) for source in sources]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose batches are given next; Lightning calls this at its start."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        rng = np.random.default_rng([self._seed, self._epoch])
        for _ in range(self._batches):
            batch = np.concatenate(
                [
                    first + self._drawn(rng.random(count), cumulated)
                    for first, count, cumulated in zip(
                        self._firsts, self._counts, self._cumulated, strict=True
                    )
                ]
            )
            yield batch[self._shard.index :: self._shard.count]

    @staticmethod
    def _drawn(uniform: NDArray[np.float64], cumulated: NDArray[np.float64]) -> NDArray[np.int64]:
        # Rounding may leave the last sum a little below 1.
        return np.minimum(np.searchsorted(cumulated, uniform, side="right"), len(cumulated) - 1)


def samples_per_batch(shares: Sequence[float], batch_size: int) -> list[int]:
    """The number of samples of each source in a batch, in sum batch_size.

    Args:
        shares: The share of each source, relative to the others'.
        batch_size: The samples of a batch.

    Raises:
        BatchError: A source gets none.
    """
    edges = np.rint(np.cumsum([0.0, *shares]) / sum(shares) * batch_size).astype(int)
    counts = [int(count) for count in np.diff(edges)]
    if min(counts) < 1:
        raise BatchError(
            f"a batch_size of {batch_size} with the shares {', '.join(f'{s:g}' for s in shares)} "
            f"gives a dataset no sample; choose a larger batch_size or share"
        )
    return counts
