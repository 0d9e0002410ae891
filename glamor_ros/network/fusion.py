"""Fusion of the face's and the context's vectors (paper, section 3.2.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Fused:
    """vector: (P, out_features). weights: (P, 2), of the face and the context, summing to 1."""

    vector: Tensor
    weights: Tensor


class Fusion(nn.Module):
    """Vectors of face (P, C_f) and context (P, C_c) to one vector (P, out_features)."""

    out_features: int

    def forward(self, face_vector: Tensor, context_vector: Tensor) -> Fused:
        raise NotImplementedError


def _score_network(features: int, hidden_units: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(features, hidden_units), nn.ReLU(), nn.Linear(hidden_units, 1))


class FusionNet(Fusion):
    """Each branch scores itself; the softmax of the scores scales it, then they are joined.

    Equations 6 to 8.
    """

    def __init__(self, face_features: int, context_features: int, hidden_units: int = 128) -> None:
        super().__init__()
        self.face_score = _score_network(face_features, hidden_units)
        self.context_score = _score_network(context_features, hidden_units)
        self.out_features = face_features + context_features

    def forward(self, face_vector: Tensor, context_vector: Tensor) -> Fused:
        scores = torch.cat([self.face_score(face_vector), self.context_score(context_vector)], -1)
        weights = torch.softmax(scores, dim=-1)
        vector = torch.cat([face_vector * weights[:, :1], context_vector * weights[:, 1:]], dim=-1)
        return Fused(vector, weights)


FUSIONS: Mapping[str, Callable[[int, int], Fusion]] = {"fusion_net": FusionNet}
