"""Attention over the context's cells (paper, section 3.2.2; Table 4 for the alternatives)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .encoders import KERAS_BATCH_NORM_EPSILON, ConvolutionBlock

# A face half a cell high and wide is left out wherever it lies within a cell; one of a cell's size
# leaves out at least one cell wherever it lies.
LEAST_COVERED_SHARE = 0.25


@dataclass(frozen=True)
class ContextEncoding:
    """The encoding of B context images, computed once for all people in them.

    Attributes:
        cells: (B, H*W, C), the feature map's cells v_ij, row-major.
        projection: (B, H*W, K), the attention's part that depends on the context alone.
        height: The height of the feature map in cells; 0 for a network without a context.
        width: The width of the feature map in cells; 0 for a network without a context.
    """

    cells: Tensor
    projection: Tensor
    height: int
    width: int

    def for_people(self, context_index: Tensor) -> ContextEncoding:
        """The same encoding with one row for each person.

        Args:
            context_index: The number of each person's context image, (P,), int64.
        """
        return ContextEncoding(
            self.cells[context_index], self.projection[context_index], self.height, self.width
        )


class ContextAttention(nn.Module):
    """An attention over the context's cells, of each person.

    Attributes:
        uses_face: Whether the weights depend on the face.
    """

    uses_face: bool

    def __init__(self, face_channels: int, context_channels: int) -> None:
        super().__init__()

    def project(self, cells: Tensor, height: int, width: int) -> Tensor:
        """The part of the cells' scores that does not depend on the face.

        Args:
            cells: (B, H*W, C).
            height: H, of the feature map.
            width: W, of the feature map.

        Returns:
            (B, H*W, K).
        """
        raise NotImplementedError

    def scores(self, face_vector: Tensor, context: ContextEncoding) -> Tensor:
        """The scores of the cells for each person (paper, equation 3).

        Args:
            face_vector: (P, C_f).
            context: One row for each person.

        Returns:
            (P, H*W).
        """
        raise NotImplementedError

    def forward(
        self, face_vector: Tensor, context: ContextEncoding, left_out: Tensor | None = None
    ) -> Tensor:
        """The weights of the cells for each person (paper, equation 4).

        Args:
            face_vector: (P, C_f).
            context: One row for each person.
            left_out: The cells that get no weight, (P, H*W), bool, never all of a person; None
                leaves none out.

        Returns:
            (P, H*W), rows sum to 1; exactly 0 where a cell is left out.
        """
        scores = self.scores(face_vector, context)
        if left_out is not None:
            scores = scores.masked_fill(left_out, -torch.inf)
        return torch.softmax(scores, dim=-1)


class GlobalLocalAttention(ContextAttention):
    """The paper's attention: a cell's score depends on the face and on the cell (eqs. 3 and 4).

    The first dense layer W[v_f; v_ij] + b is kept as W_f v_f + b and W_c v_ij, so that the second,
    by far the larger part, is computed once for each context image. ReLU stands on both sides of
    the batch normalisation because the published weights were trained so.
    """

    uses_face = True

    def __init__(self, face_channels: int, context_channels: int, hidden_units: int = 128) -> None:
        super().__init__(face_channels, context_channels)
        self.face_projection = nn.Linear(face_channels, hidden_units)
        self.context_projection = nn.Linear(context_channels, hidden_units, bias=False)
        self.normalization = nn.BatchNorm1d(hidden_units, eps=KERAS_BATCH_NORM_EPSILON)
        self.score = nn.Linear(hidden_units, 1)

    def project(self, cells: Tensor, height: int, width: int) -> Tensor:
        projection: Tensor = self.context_projection(cells)
        return projection

    def scores(self, face_vector: Tensor, context: ContextEncoding) -> Tensor:
        hidden = torch.relu(self.face_projection(face_vector).unsqueeze(1) + context.projection)
        normalized = self.normalization(hidden.flatten(0, 1)).view_as(hidden)
        scores: Tensor = self.score(torch.relu(normalized)).squeeze(-1)
        return scores


class FacelessAttention(ContextAttention):
    """An attention that depends on the context alone; `project` gives the scores (B, H*W, 1)."""

    uses_face = False

    def scores(self, face_vector: Tensor, context: ContextEncoding) -> Tensor:
        return context.projection.squeeze(-1)


class ContextOnlyAttention(FacelessAttention):
    """CAER-Net-S's attention inference (Lee et al., 2019): two 3x3 convolutions, softmax."""

    def __init__(
        self, face_channels: int, context_channels: int, hidden_channels: int = 128
    ) -> None:
        super().__init__(face_channels, context_channels)
        self.hidden = ConvolutionBlock(context_channels, hidden_channels)
        self.score = nn.Conv2d(hidden_channels, 1, kernel_size=3, padding=1)

    def project(self, cells: Tensor, height: int, width: int) -> Tensor:
        features = cells.transpose(1, 2).unflatten(2, (height, width))
        scores: Tensor = self.score(self.hidden(features))
        return scores.flatten(1).unsqueeze(-1)


class AverageAttention(FacelessAttention):
    """No attention: every cell weighs the same."""

    def project(self, cells: Tensor, height: int, width: int) -> Tensor:
        return torch.zeros_like(cells[..., :1])


def attend(weights: Tensor, cells: Tensor) -> Tensor:
    """The weighted sum of the cells for each person (paper, equation 5).

    Args:
        weights: (P, H*W).
        cells: (P, H*W, C).

    Returns:
        (P, C).
    """
    return torch.bmm(weights.unsqueeze(1), cells).squeeze(1)


def cells_of_own_face(own_faces: Tensor, height: int, width: int) -> Tensor:
    """The cells of the context that each person's attention leaves out: those of the own face.

    A cell is one where the face covers LEAST_COVERED_SHARE of it, unless no other cell is covered
    less: so one cell stays always, and all of them where a face covers the whole context.

    What a cell says of its surroundings is beyond this: the encoder's receptive fields overlap, so
    that cells beside a face see some of it.

    Args:
        own_faces: Where each person's face is in the person's context, (P, h, w), bool; it may be
            nowhere.
        height: The height of the feature map in cells.
        width: The width of the feature map in cells.

    Returns:
        (P, height * width), bool, row-major.
    """
    # In float64 the means of equal counts are equal whatever the order of the sum.
    shares = functional.adaptive_avg_pool2d(own_faces.double().unsqueeze(1), (height, width))
    shares = shares.flatten(1)
    return (shares >= LEAST_COVERED_SHARE) & (shares > shares.amin(dim=1, keepdim=True))


ATTENTIONS: Mapping[str, type[ContextAttention]] = {
    "global_local": GlobalLocalAttention,
    "context_only": ContextOnlyAttention,
    "none": AverageAttention,
}
