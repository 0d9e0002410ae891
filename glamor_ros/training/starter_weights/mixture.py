"""The faces that both stages are trained on: grey FER+ faces and photographs of heads."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ...network.emotions import EMOTIONS
from ..data.face_augmentation import FaceAugmentation
from ..data.ferplus import LabelledFaces
from .heads import Heads
from .optimization import channels_last

HEADS_LABEL_SMOOTHING = 0.1
# Rare classes are drawn more often, but not evenly: few images would be learnt by heart.
FACES_RARITY = 0.15
HEADS_RARITY = 0.5


class FaceMixture:
    """A source of augmented batches, drawn at random from faces and heads.

    Args:
        faces: FER+ faces.
        heads: Photographs of heads.
        generator: The source of everything that is drawn.
    """

    def __init__(self, faces: LabelledFaces, heads: Heads, generator: torch.Generator) -> None:
        self._images = torch.from_numpy(faces.images)[:, None]
        self._targets = torch.from_numpy(faces.distributions)
        self._face_weights = _rarity(torch.from_numpy(faces.labels), FACES_RARITY)
        one_hot = functional.one_hot(heads.labels, len(EMOTIONS)).float()
        self._heads = heads.faces
        self._head_targets = one_hot * (1 - HEADS_LABEL_SMOOTHING) + HEADS_LABEL_SMOOTHING / len(
            EMOTIONS
        )
        self._head_weights = _rarity(heads.labels, HEADS_RARITY)
        self._generator = generator

    def draw(
        self, faces: int, heads: int, size_px: int, augmentation: FaceAugmentation
    ) -> tuple[Tensor, Tensor]:
        """A batch of FER+ faces followed by heads.

        Args:
            faces: The number of FER+ faces.
            heads: The number of heads.
            size_px: Height and width of the images.
            augmentation: What is done to them.

        Returns:
            RGB images (N, 3, size, size) in [0, 1] and targets (N, 7), whose rows sum to 1.
        """
        face_index = self._draw(self._face_weights, faces)
        head_index = self._draw(self._head_weights, heads)
        images = [
            augmentation(
                source,
                (source.shape[2], source.shape[3]),
                (size_px, size_px),
                torch.rand(len(source), generator=self._generator) < 0.5,
                self._generator,
            )
            for source in (self._images[face_index], self._heads[head_index])
        ]
        targets = torch.cat([self._targets[face_index], self._head_targets[head_index]])
        return channels_last(torch.cat(images)), targets

    def _draw(self, weights: Tensor, count: int) -> Tensor:
        return torch.multinomial(weights, count, replacement=True, generator=self._generator)


def _rarity(labels: Tensor, power: float) -> Tensor:
    """Sampling weights (N,): one over the frequency of the class, raised to a power."""
    frequency = torch.bincount(labels, minlength=len(EMOTIONS)).float().clamp(min=1)
    return frequency[labels] ** -power
