"""How much of the attention goes to certain faces, and whether the scene matters at all.

An attention map can look convincing and yet be of no account. So two questions are asked: what
share of the weights lies on the cells of a face that is known to decide, beside what an even
attention would give it; and how much worse the network gets with an even attention, or before grey.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ...network.attention import LEAST_COVERED_SHARE, AverageAttention, cells_of_own_face
from ...network.glamor_net import ContextBranch, GlamorNet
from ..data.emotion_dataset import NetworkInputs

GREY = 0.5
BATCH_SIZE = 64


@dataclass(frozen=True)
class AttentionShare:
    """The part of each person's attention that lies on a chosen face.

    Attributes:
        attention: The weights on the face's cells, (P,), 0 to 1.
        even: What they would be if all cells that are not left out weighed the same, (P,).
    """

    attention: Tensor
    even: Tensor

    @property
    def times_even(self) -> float:
        """The mean share over the mean even share; NaN where the faces have no cell at all."""
        return float(self.attention.mean() / self.even.mean())


def cells_of_face(places: Tensor, height: int, width: int) -> Tensor:
    """The cells in which a face can be seen.

    They are those that it covers as far as the own face's are left out, and the most covered ones
    of a face so small that there are none.

    Args:
        places: Where the faces are in the context, (P, h, w), bool; they may be nowhere.
        height: The height of the feature map in cells.
        width: The width of the feature map in cells.

    Returns:
        (P, height, width), bool; none for a face outside of the context.
    """
    shares = functional.adaptive_avg_pool2d(places.double().unsqueeze(1), (height, width))
    shares = shares.squeeze(1)
    most = shares.amax(dim=(1, 2), keepdim=True)
    return (shares > 0) & (shares >= most.clamp(max=LEAST_COVERED_SHARE))


def attention_share(attention: Tensor, places: Tensor, own_faces: Tensor | None) -> AttentionShare:
    """The share of each person's attention on a face.

    Args:
        attention: (P, H, W), sums to 1 over the cells.
        places: Where the face is in each person's context, (P, h, w), bool.
        own_faces: Where the own face is, (P, h, w), bool, if the attention leaves it out.
    """
    height, width = attention.shape[1:]
    chosen = cells_of_face(places, height, width)
    there = torch.ones_like(chosen)
    if own_faces is not None:
        there = ~cells_of_own_face(own_faces, height, width).view_as(chosen)
    chosen &= there
    return AttentionShare(
        (attention * chosen).sum(dim=(1, 2)), chosen.sum(dim=(1, 2)) / there.sum(dim=(1, 2))
    )


def with_even_attention(network: GlamorNet) -> GlamorNet:
    """The network with the same weights, but an attention that is even.

    Raises:
        ValueError: It looks at no context.
    """
    encoder = network.context_encoder
    if encoder is None:
        raise ValueError("a network that looks at no context has no attention to make even")
    branch = ContextBranch(encoder, AverageAttention(0, encoder.out_channels))
    even = GlamorNet(network.face_encoder, branch, network.fusion, network.classifier)
    return even.train(network.training)


@dataclass(frozen=True)
class SceneEffect:
    """What the network says of the same people as they are, and without what is in the scene.

    Attributes:
        probabilities: As they are, (P, 7).
        even_attention: With an even attention, (P, 7).
        grey_surroundings: With grey instead of the context, (P, 7).
        attention: As they are, (P, H, W).
        face_weights: The fusion's weights of the face, (P,); None where nothing is weighed.
    """

    probabilities: Tensor
    even_attention: Tensor
    grey_surroundings: Tensor
    attention: Tensor
    face_weights: Tensor | None


@torch.inference_mode()
def scene_effect(network: GlamorNet, inputs: NetworkInputs) -> SceneEffect:
    """Run a network on people as they are, with even attention, and before grey.

    Args:
        network: In evaluation mode; it looks at a context.
        inputs: Any number of people.

    Raises:
        ValueError: The network looks at no context.
    """
    even = with_even_attention(network)
    parts = []
    for faces, contexts, own_faces, _ in _batches(inputs):
        as_it_is = network(faces, contexts, own_faces=own_faces)
        grey = torch.full_like(contexts, GREY)
        parts.append(
            (
                as_it_is.probabilities,
                even(faces, contexts, own_faces=own_faces).probabilities,
                network(faces, grey, own_faces=own_faces).probabilities,
                as_it_is.attention.float(),
                as_it_is.fusion_weights,
            )
        )
    probabilities, even_attention, grey_surroundings, attention, weights = zip(*parts, strict=True)
    return SceneEffect(
        torch.cat(probabilities),
        torch.cat(even_attention),
        torch.cat(grey_surroundings),
        torch.cat(attention),
        None if weights[0] is None else torch.cat(weights)[:, 0].float(),
    )


def _batches(inputs: NetworkInputs) -> Iterator[NetworkInputs]:
    for start in range(0, len(inputs.faces), BATCH_SIZE):
        part = slice(start, start + BATCH_SIZE)
        own_faces = None if inputs.own_faces is None else inputs.own_faces[part]
        yield NetworkInputs(inputs.faces[part], inputs.contexts[part], own_faces)
