"""Parts of a network that start from trained ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import GlamorError
from ...network.fusion import FusionNet
from ...network.glamor_net import GlamorNet
from ...network.weights.checkpoint import Checkpoint


class StartError(GlamorError, ValueError):
    """Weights to start from that are not there or do not fit."""


def checkpoint_name(origin: str) -> str:
    """The name of the checkpoint in an origin, NAME or NAME.PART."""
    return origin.partition(".")[0]


def take_parts(
    parts: Mapping[str, nn.Module], start: Mapping[Any, str], checkpoints: Mapping[str, Checkpoint]
) -> None:
    """Start parts of a network from those of trained networks.

    A layer that has more inputs than the trained one starts with zeros for those that come after:
    a classifier of face and context thus begins as the face's.

    Args:
        parts: The parts to train by name; their weights are replaced.
        start: For the names of parts, where they come from: NAME, the same part of this checkpoint,
            or NAME.PART, another one.
        checkpoints: The trained networks by name.

    Raises:
        StartError: A part is not there, or does not fit.
    """
    for name, origin in start.items():
        _, _, other = origin.partition(".")
        trained = dict(checkpoints[checkpoint_name(origin)].network.named_children())
        source = trained.get(other or name)
        if source is None:
            raise StartError(
                f"'start.{name}' is '{origin}', but this network has no {other or name}; it has "
                f"{', '.join(trained)}"
            )
        wanted, given = parts[name].state_dict(), source.state_dict()
        if wanted.keys() != given.keys():
            differing = sorted(wanted.keys() ^ given.keys())[0]
            raise StartError(
                f"'start.{name}' is '{origin}', a part of another kind: one of them has no "
                f"{differing}"
            )
        fitting = {key: _fitted(given[key], wanted[key]) for key in wanted}
        for key, value in fitting.items():
            if value.shape != wanted[key].shape:
                raise StartError(
                    f"'start.{name}' is '{origin}', whose {key} is {tuple(value.shape)}, expected "
                    f"{tuple(wanted[key].shape)}"
                )
        parts[name].load_state_dict(fitting)


@torch.no_grad()
def begin_as_face(network: GlamorNet, face_weight: float) -> None:
    """Let a whole network say at first what its face encoder and classifier say of the face alone.

    The fusion gives everybody's face the same weight at first, against which the classifier's part
    for the face is scaled (paper, equations 6 to 8).

    Args:
        network: With a FusionNet, and a classifier that has zeros for the context; see
            `take_parts`.
        face_weight: The weight of the face, above 0 and below 1.
    """
    fusion = network.fusion
    if not isinstance(fusion, FusionNet):
        raise TypeError(f"{type(fusion).__name__} has no weights that could be set")
    face_score = math.log(face_weight / (1 - face_weight))
    for score, value in ((fusion.face_score, face_score), (fusion.context_score, 0.0)):
        last = _linear_layers(score)[-1]
        last.weight.zero_()
        last.bias.fill_(value)
    _linear_layers(network.classifier)[0].weight.div_(face_weight)


def _linear_layers(network: nn.Module) -> list[nn.Linear]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)]


def _fitted(given: Tensor, wanted: Tensor) -> Tensor:
    if given.ndim == 2 and len(given) == len(wanted) and given.shape[1] < wanted.shape[1]:
        rest = torch.zeros(len(wanted), wanted.shape[1] - given.shape[1])
        return torch.cat([given, rest], dim=1)
    return given
