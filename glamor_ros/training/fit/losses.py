"""What a training makes small."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ...network.decision_fusion import Decision
from ..evaluation.attention_share import attention_share

# What less attention than this gives is a loss without end.
LEAST_GUIDED_SHARE = 1e-3


def weighted_cross_entropy(
    decisions: Sequence[Decision], distributions: Tensor, label_smoothing: float = 0.0
) -> Tensor:
    """The weighted sum of the decisions' cross-entropies, a scalar: the mean over the samples.

    Args:
        decisions: What the network says of N samples.
        distributions: The labels, (N, 7).
        label_smoothing: The share of each label that is spread over all classes.
    """
    return weighted_cross_entropies(decisions, distributions, label_smoothing).mean()


def weighted_cross_entropies(
    decisions: Sequence[Decision], distributions: Tensor, label_smoothing: float = 0.0
) -> Tensor:
    """The same of each sample, (N,)."""
    losses = [
        decision.weight
        * functional.cross_entropy(
            decision.logits.float(),
            distributions,
            label_smoothing=label_smoothing,
            reduction="none",
        )
        for decision in decisions
    ]
    return torch.stack(losses).sum(dim=0)


def attention_concentration(attention: Tensor) -> Tensor:
    """How uneven attention maps are: their mean entropy relative to an even map's, a scalar.

    Args:
        attention: (N, H, W), sums to 1 over the cells.

    Returns:
        0 for even maps, log(H W) for maps with a single cell.
    """
    weights = attention.float().flatten(1).clamp(min=1e-8)
    return (weights * weights.log()).sum(dim=1).mean() + math.log(weights.shape[1])


def attention_guidance(attention: Tensor, deciders: Tensor, own_faces: Tensor | None) -> Tensor:
    """How little of the attention lies on who decides: the mean negative logarithm, a scalar.

    Args:
        attention: (N, H, W), sums to 1 over the cells.
        deciders: Where the person who decides is in each context, (N, h, w), bool; samples in which
            there is none do not count.
        own_faces: Where the own face is, (N, h, w), bool, if the attention leaves it out.

    Returns:
        0 for an attention that is on these people alone, at most -log(LEAST_GUIDED_SHARE); 0 where
        nobody decides in any sample.
    """
    decided = deciders.flatten(1).any(dim=1)
    if not decided.any():
        return attention.new_zeros(())
    own = None if own_faces is None else own_faces[decided]
    share = attention_share(attention[decided].float(), deciders[decided], own).attention
    return -share.clamp(min=LEAST_GUIDED_SHARE).log().mean()
