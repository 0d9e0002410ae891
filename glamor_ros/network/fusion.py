"""Fusion of the face's and the context's vectors (paper, section 3.2.3; Table 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Fused:
    """The joined vectors of P people.

    Attributes:
        vector: (P, out_features).
        weights: The weights of face and context, (P, 2), rows sum to 1; None where only one of them
            goes into the vector.
    """

    vector: Tensor
    weights: Tensor | None


class Fusion(nn.Module):
    """A fusion of the vectors of face (P, C_f) and context (P, C_c).

    Attributes:
        out_features: The length of the joined vector.
    """

    out_features: int

    def forward(self, face_vector: Tensor, context_vector: Tensor) -> Fused:
        """The joined vectors.

        Args:
            face_vector: (P, C_f).
            context_vector: (P, C_c).
        """
        raise NotImplementedError


def _score_network(features: int, hidden_units: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(features, hidden_units), nn.ReLU(), nn.Linear(hidden_units, 1))


class FusionNet(Fusion):
    """The paper's fusion: both vectors are scored, scaled by the softmax of the scores, and joined.

    Equations 6 to 8; also the adaptive fusion of CAER-Net-S.
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


class _ElementwiseFusion(Fusion):
    def __init__(self, face_features: int, context_features: int) -> None:
        super().__init__()
        if face_features != context_features:
            raise ValueError(
                f"{type(self).__name__} needs vectors of one length, got {face_features} features "
                f"of the face and {context_features} of the context"
            )
        self.out_features = face_features


class FusionAdd(_ElementwiseFusion):
    """The sum of both vectors; their weights are equal."""

    def forward(self, face_vector: Tensor, context_vector: Tensor) -> Fused:
        return Fused(face_vector + context_vector, torch.full_like(face_vector[:, :2], 0.5))


class FusionMax(_ElementwiseFusion):
    """The larger element of both vectors at each place; the weights are the shares of elements.

    Elements that are equal count half for each.
    """

    def forward(self, face_vector: Tensor, context_vector: Tensor) -> Fused:
        # sign is 1 where the face's element is taken, -1 where the context's is.
        balance = torch.sign(face_vector - context_vector).detach().mean(dim=-1)
        weights = torch.stack([1 + balance, 1 - balance], dim=-1) / 2
        return Fused(torch.maximum(face_vector, context_vector), weights)


class FaceAlone(Fusion):
    """The vector of the face, as it is."""

    def __init__(self, face_features: int, context_features: int) -> None:
        super().__init__()
        self.out_features = face_features

    def forward(self, face_vector: Tensor, context_vector: Tensor) -> Fused:
        return Fused(face_vector, None)


class ContextAlone(Fusion):
    """The vector of the context, as it is."""

    def __init__(self, face_features: int, context_features: int) -> None:
        super().__init__()
        self.out_features = context_features

    def forward(self, face_vector: Tensor, context_vector: Tensor) -> Fused:
        return Fused(context_vector, None)


FUSIONS: Mapping[str, Callable[[int, int], Fusion]] = {
    "fusion_net": FusionNet,
    "add": FusionAdd,
    "max": FusionMax,
}
