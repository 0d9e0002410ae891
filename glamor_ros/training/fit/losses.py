"""What a training makes small."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ...network.decision_fusion import Decision


def weighted_cross_entropy(
    decisions: Sequence[Decision], distributions: Tensor, label_smoothing: float = 0.0
) -> Tensor:
    """The weighted sum of the decisions' cross-entropies, a scalar.

    Args:
        decisions: What the network says of N samples.
        distributions: The labels, (N, 7).
        label_smoothing: The share of each label that is spread over all classes.
    """
    losses = [
        decision.weight
        * functional.cross_entropy(
            decision.logits.float(), distributions, label_smoothing=label_smoothing
        )
        for decision in decisions
    ]
    return torch.stack(losses).sum()


def attention_concentration(attention: Tensor) -> Tensor:
    """How uneven attention maps are: their mean entropy relative to an even map's, a scalar.

    Args:
        attention: (N, H, W), sums to 1 over the cells.

    Returns:
        0 for even maps, log(H W) for maps with a single cell.
    """
    weights = attention.float().flatten(1).clamp(min=1e-8)
    return (weights * weights.log()).sum(dim=1).mean() + math.log(weights.shape[1])
