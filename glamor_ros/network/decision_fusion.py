"""Decision-level fusion: several classifiers whose logits are added with weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .emotions import EMOTIONS


@dataclass(frozen=True)
class Decision:
    """What one classifier says of P people.

    Attributes:
        weight: The weight of its logits in their sum; the weights sum to 1.
        logits: (P, 7).
    """

    weight: float
    logits: Tensor


class DecisionFusion(nn.Module):
    """A linear classifier for each part of a vector (MA-Net: Zhao, Liu and Wang, 2021).

    Args:
        part_features: The length of each part.
        weights: The weight of each part's logits; they sum to 1.
    """

    def __init__(self, part_features: int, weights: Sequence[float]) -> None:
        super().__init__()
        self._weights = tuple(weights)
        self._part_features = part_features
        self.classifiers = nn.ModuleList(nn.Linear(part_features, len(EMOTIONS)) for _ in weights)

    def forward(self, vector: Tensor) -> tuple[Decision, ...]:
        """The decisions.

        Args:
            vector: The parts, one after the other, (P, parts * part_features).
        """
        parts = vector.split(self._part_features, dim=-1)
        return tuple(
            Decision(weight, classifier(part))
            for weight, classifier, part in zip(self._weights, self.classifiers, parts, strict=True)
        )


def fused_logits(decisions: Sequence[Decision]) -> Tensor:
    """The weighted sum of the decisions' logits, (P, 7)."""
    return torch.stack([decision.weight * decision.logits for decision in decisions]).sum(dim=0)
