"""What every dataset of prepared samples offers to training and evaluation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

Indices = Sequence[int] | NDArray[np.int64]


class Batch(NamedTuple):
    """faces: (N, 3, h, w) and contexts: (N, 3, 128, 171), uint8 RGB; distributions: (N, 7).

    Of a single sample the same without N.
    """

    faces: Tensor
    contexts: Tensor
    distributions: Tensor


class EmotionDataset(Dataset[Batch], ABC):
    """Samples by index; a list or array of indices gives a batch at once, which is quicker.

    For a DataLoader either batch_size=n, or batch_size=None with a BatchSampler as its sampler.
    """

    @property
    @abstractmethod
    def distributions(self) -> NDArray[np.float32]:
        """(N, 7), rows sum to 1."""

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """What each sample is called in predictions, for example its image's path."""

    @abstractmethod
    def batch(self, indices: Indices) -> Batch:
        """The samples at indices, in this order; negative ones are not allowed."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,), the most probable classes."""
        return self.distributions.argmax(axis=1)

    def __len__(self) -> int:
        return len(self.distributions)

    def __getitem__(self, index: int | Indices) -> Batch:
        if isinstance(index, int | np.integer):
            return Batch(*(values[0] for values in self.batch([self._checked(int(index))])))
        return self.batch([self._checked(int(one)) for one in index])

    def __getitems__(self, indices: Sequence[int]) -> list[Batch]:
        """What DataLoader asks for a whole batch with, before it collates."""
        faces, contexts, distributions = self[indices]
        return [Batch(*sample) for sample in zip(faces, contexts, distributions, strict=True)]

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(f"there is no sample {index}; there are {len(self)}")
        return index


def as_batch(
    faces: NDArray[np.uint8], contexts: NDArray[np.uint8], distributions: NDArray[np.float32]
) -> Batch:
    """From (N, h, w, 3) images; their memory is used, not copied, and is then channels_last."""
    return Batch(
        torch.from_numpy(faces).permute(0, 3, 1, 2),
        torch.from_numpy(contexts).permute(0, 3, 1, 2),
        torch.from_numpy(distributions),
    )
