"""GLAMOR-Net, put together from its parts (paper, Fig. 2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .attention import ContextAttention, ContextEncoding, attend, cells_of_own_face
from .decision_fusion import Decision, DecisionFusion, fused_logits
from .encoders import Encoder
from .fusion import Fusion


@dataclass(frozen=True)
class GlamorOutput:
    """The network's output for P people.

    Attributes:
        logits: (P, 7), in the class order of `emotions.EMOTIONS`.
        face_vector: (P, C); C is 0 where the network does not encode the face.
        context_vector: (P, C); C is 0 where the network does not encode the context.
        attention: (P, H, W), sums to 1 over the cells; None for a network without a context.
        fusion_weights: The weights of face and context, (P, 2); None where only one of them is
            classified.
        decisions: What the logits are the weighted sum of.
    """

    logits: Tensor
    face_vector: Tensor
    context_vector: Tensor
    attention: Tensor | None
    fusion_weights: Tensor | None
    decisions: tuple[Decision, ...]

    @property
    def probabilities(self) -> Tensor:
        """The probabilities of the classes, (P, 7), rows sum to 1."""
        return torch.softmax(self.logits.float(), dim=-1)


@dataclass(frozen=True)
class ContextBranch:
    """The part of the network that looks at the context.

    Attributes:
        encoder: Gives the context's feature map.
        attention: Weighs its cells.
    """

    encoder: Encoder
    attention: ContextAttention


class GlamorNet(nn.Module):
    """GLAMOR-Net: face and context encoders, attention over the context, fusion, classifier.

    A context is encoded once (`encode_context`); every person then costs one face encoding and one
    vector added in the attention (`recognize`).

    Args:
        face_encoder: None for a network that does not look at the face.
        context_branch: None for a network that does not look at the context; `context_encoder` and
            `attention` are then None.
        fusion: What joins the vectors of both.
        classifier: What makes logits of the joined vector, or a DecisionFusion.
    """

    def __init__(
        self,
        face_encoder: Encoder | None,
        context_branch: ContextBranch | None,
        fusion: Fusion,
        classifier: nn.Module,
    ) -> None:
        super().__init__()
        self.face_encoder = face_encoder
        self.context_encoder = context_branch.encoder if context_branch else None
        self.attention = context_branch.attention if context_branch else None
        self.fusion = fusion
        self.classifier = classifier

    def encode_faces(self, faces: Tensor) -> Tensor:
        """The vectors v_f of faces: the means over their feature maps.

        Args:
            faces: (P, 3, 96, 96), RGB in [0, 1].

        Returns:
            (P, C_f).
        """
        if self.face_encoder is None:
            return faces.new_empty(faces.shape[0], 0)
        features: Tensor = self.face_encoder(faces)
        return features.mean(dim=(2, 3))

    def encode_context(self, contexts: Tensor) -> ContextEncoding:
        """The encoding of contexts, which is the same for everybody in them.

        Args:
            contexts: (B, 3, 112, 112), RGB in [0, 1]; faces are set to zero or visible, as the
                network was trained (see InputSpec).
        """
        if self.context_encoder is None or self.attention is None:
            nothing = contexts.new_empty(contexts.shape[0], 0, 0)
            return ContextEncoding(nothing, nothing, height=0, width=0)
        features = self.context_encoder(contexts)
        height, width = features.shape[2:]
        cells = features.flatten(2).transpose(1, 2).contiguous()
        return ContextEncoding(cells, self.attention.project(cells, height, width), height, width)

    def recognize(
        self, face_vector: Tensor, context: ContextEncoding, left_out: Tensor | None = None
    ) -> GlamorOutput:
        """The output for P people.

        Args:
            face_vector: (P, C_f).
            context: One row for each person (see `ContextEncoding.for_people`).
            left_out: The cells that a person's attention leaves out, (P, H*W), bool (see
                `cells_of_own_face`); None leaves none out.
        """
        attention_map = None
        context_vector = face_vector.new_empty(face_vector.shape[0], 0)
        if self.attention is not None:
            attention = self.attention(face_vector, context, left_out)
            attention_map = attention.unflatten(1, (context.height, context.width))
            context_vector = attend(attention, context.cells)
        fused = self.fusion(face_vector, context_vector)
        decisions, logits = self._classify(fused.vector)
        return GlamorOutput(
            logits=logits,
            face_vector=face_vector,
            context_vector=context_vector,
            attention=attention_map,
            fusion_weights=fused.weights,
            decisions=decisions,
        )

    def _classify(self, vector: Tensor) -> tuple[tuple[Decision, ...], Tensor]:
        if isinstance(self.classifier, DecisionFusion):
            decisions = self.classifier(vector)
            return decisions, fused_logits(decisions)
        logits = self.classifier(vector)
        return (Decision(1.0, logits),), logits

    def forward(
        self,
        faces: Tensor,
        contexts: Tensor,
        context_index: Tensor | None = None,
        own_faces: Tensor | None = None,
    ) -> GlamorOutput:
        """The output for P faces seen in B contexts.

        Args:
            faces: (P, 3, 96, 96), RGB in [0, 1].
            contexts: (B, 3, 112, 112), RGB in [0, 1]. A network that looks at no context takes any
                number of them.
            context_index: The number of each face's context, (P,), int64; without it, B must be P.
            own_faces: Where each face is in its context, (P, 112, 112), bool, for a network whose
                attention leaves the own face out (see InputSpec); None leaves nothing out.
        """
        context = self.encode_context(contexts)
        if context_index is not None:
            context = context.for_people(context_index)
        left_out = None
        if own_faces is not None and self.attention is not None:
            left_out = cells_of_own_face(own_faces, context.height, context.width)
        return self.recognize(self.encode_faces(faces), context, left_out)
