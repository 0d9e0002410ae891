"""Which parts a network is made of, by name, and how to build it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from torch import nn

from .attention import ATTENTIONS
from .emotions import EMOTIONS
from .encoders import ENCODERS
from .fusion import FUSIONS
from .glamor_net import GlamorNet

PUBLISHED_CLASSIFIER_UNITS = 128
PAPER_CLASSIFIER_UNITS = 256
CLASSIFIER_DROPOUT = 0.5

_Part = TypeVar("_Part")


class ArchitectureError(ValueError):
    """An architecture names a part that this version does not have."""


@dataclass(frozen=True)
class Architecture:
    """The parts of a GLAMOR-Net by name (see ENCODERS, ATTENTIONS, FUSIONS).

    classifier_units: 128 in the published checkpoint, 256 in the paper (Table 7).
    """

    encoder: str = "original"
    attention: str = "global_local"
    fusion: str = "fusion_net"
    classifier_units: int = PUBLISHED_CLASSIFIER_UNITS


def _part(kind: str, parts: Mapping[str, _Part], name: str) -> _Part:
    try:
        return parts[name]
    except KeyError:
        raise ArchitectureError(
            f"unknown {kind} '{name}'; this version has: {', '.join(parts)}"
        ) from None


def build_glamor_net(architecture: Architecture) -> GlamorNet:
    """The network with fresh weights.

    Raises ArchitectureError for an unknown part or a classifier without units.
    """
    if architecture.classifier_units < 1:
        raise ArchitectureError(
            f"classifier_units is {architecture.classifier_units}; it must be at least 1"
        )
    make_encoder = _part("encoder", ENCODERS, architecture.encoder)
    face_encoder, context_encoder = make_encoder(), make_encoder()
    channels = face_encoder.out_channels, context_encoder.out_channels
    attention = _part("attention", ATTENTIONS, architecture.attention)(*channels)
    fusion = _part("fusion", FUSIONS, architecture.fusion)(*channels)
    classifier = nn.Sequential(
        nn.Linear(fusion.out_features, architecture.classifier_units),
        nn.ReLU(),
        nn.Dropout(CLASSIFIER_DROPOUT),
        nn.Linear(architecture.classifier_units, len(EMOTIONS)),
    )
    return GlamorNet(face_encoder, context_encoder, attention, fusion, classifier)


def stored_values(network: nn.Module) -> int:
    """Parameters and batch-normalisation statistics, as the paper counts them (Table 7)."""
    return sum(
        value.numel() for value in network.state_dict().values() if value.is_floating_point()
    )
