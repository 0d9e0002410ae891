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

from ...network.input_spec import InputSpec
from .samples import DatasetError

Indices = Sequence[int] | NDArray[np.int64]


class Batch(NamedTuple):
    """Prepared samples with their labels; a single sample has the same shapes without N.

    Attributes:
        faces: (N, 3, h, w), uint8, RGB.
        contexts: (N, 3, 128, 171), uint8, RGB; (N, 4, 128, 171) for a network whose attention
            leaves the own face out: the fourth channel is 255 where that is and else 0, so that it
            is cut and mirrored as the picture is. Where a recipe asks for it, a fifth channel is
            the place of the person who decides, and 0 everywhere where nobody does.
        distributions: (N, 7), float32, rows sum to 1.
    """

    faces: Tensor
    contexts: Tensor
    distributions: Tensor


class NetworkInputs(NamedTuple):
    """The inputs of a network, made of prepared samples.

    Attributes:
        faces: (N, 3, 96, 96), float32 in [0, 1].
        contexts: (N, 3, 112, 112), float32 in [0, 1].
        own_faces: Where each face is in its context, (N, 112, 112), bool, for a network whose
            attention leaves it out; else None.
        deciders: Where the person is on whom each one's emotion depends, (N, 112, 112), bool;
            nowhere where there is none. None where that was not prepared.
    """

    faces: Tensor
    contexts: Tensor
    own_faces: Tensor | None
    deciders: Tensor | None = None

    @classmethod
    def of(cls, faces: Tensor, contexts: Tensor, input_spec: InputSpec) -> NetworkInputs:
        """The inputs in images that have their final size.

        Args:
            faces: (N, 3, 96, 96), float32 in [0, 1].
            contexts: (N, 3 to 5, 112, 112), float32 in [0, 1]; the fourth channel is the own face's
                place, the fifth the decider's.
            input_spec: What the network expects.

        Raises:
            DatasetError: The own face's place is missing, or there although nothing needs it.
        """
        channels = 4 if input_spec.leaves_out_own_face else 3
        with_deciders = channels == 4 and contexts.shape[1] == 5
        if contexts.shape[1] != channels and not with_deciders:
            raise DatasetError(
                f"the prepared contexts have {contexts.shape[1]} channels, a network with "
                f"context_faces '{input_spec.context_faces}' needs {channels}: prepare the dataset "
                "with this network's input_spec"
            )
        if channels == 3:
            return cls(faces, contexts, None)
        deciders = contexts[:, 4] > 0.5 if with_deciders else None
        return cls(faces, contexts[:, :3], contexts[:, 3] > 0.5, deciders)


class EmotionDataset(Dataset[Batch], ABC):
    """A dataset of prepared samples, which gives one by its index or a batch by a list of them.

    A whole batch at once is quicker. A DataLoader takes either `batch_size=n`, or `batch_size=None`
    with a BatchSampler as its sampler.
    """

    @property
    @abstractmethod
    def distributions(self) -> NDArray[np.float32]:
        """The labels as probabilities, (N, 7), rows sum to 1."""

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """The name of each sample in predictions, for example the path of its image."""

    @abstractmethod
    def batch(self, indices: Indices) -> Batch:
        """The samples at these indices, in this order.

        Args:
            indices: Numbers from 0; negative ones are not allowed.
        """

    @property
    def labels(self) -> NDArray[np.int64]:
        """The most probable class of each sample, (N,)."""
        return self.distributions.argmax(axis=1)

    def __len__(self) -> int:
        return len(self.distributions)

    def __getitem__(self, index: int | Indices) -> Batch:
        if isinstance(index, int | np.integer):
            return Batch(*(values[0] for values in self.batch([self._checked(int(index))])))
        return self.batch([self._checked(int(one)) for one in index])

    def __getitems__(self, indices: Sequence[int]) -> list[Batch]:
        """The samples of a batch one by one, as a DataLoader asks for them before it collates."""
        faces, contexts, distributions = self[indices]
        return [Batch(*sample) for sample in zip(faces, contexts, distributions, strict=True)]

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(f"there is no sample {index}; there are {len(self)}")
        return index


def as_batch(
    faces: NDArray[np.uint8], contexts: NDArray[np.uint8], distributions: NDArray[np.float32]
) -> Batch:
    """A batch that shares the memory of its images.

    Args:
        faces: (N, h, w, 3).
        contexts: (N, 128, 171, 3 to 5); see Batch.
        distributions: (N, 7), rows sum to 1.

    Returns:
        The batch; its images are not copied and are therefore in channels_last memory order.
    """
    return Batch(
        torch.from_numpy(faces).permute(0, 3, 1, 2),
        torch.from_numpy(contexts).permute(0, 3, 1, 2),
        torch.from_numpy(distributions),
    )


def as_uint8(image: Tensor) -> NDArray[np.uint8]:
    """An image in [0, 1] as datasets keep it: uint8, rounded to the nearest."""
    return np.rint(image.numpy() * np.float32(255)).astype(np.uint8)
