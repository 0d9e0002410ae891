"""Architectures: the parts of a network by name, and the network that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from torch import nn

from ..errors import GlamorError
from .attention import ATTENTIONS
from .baselines import (
    BASELINE_ENCODERS,
    BASELINE_FAMILIES,
    BRANCH_CHANNELS,
    BRANCH_WEIGHTS,
    FROZEN_FAMILIES,
)
from .decision_fusion import DecisionFusion
from .emotions import EMOTIONS
from .encoders import ENCODERS, PretrainedEncoder
from .fusion import FUSIONS, ContextAlone, FaceAlone
from .glamor_net import ContextBranch, GlamorNet

PUBLISHED_CLASSIFIER_UNITS = 128
PAPER_CLASSIFIER_UNITS = 256
CLASSIFIER_DROPOUT = 0.5
# What is above is a damaged file, and must not take memory.
MAX_CLASSIFIER_UNITS = 64 * PAPER_CLASSIFIER_UNITS
_KIND_NAMES = {int: "a whole number", str: "a name"}

CLASSIFIER_INPUTS = ("face_and_context", "face", "context")

# Models that are given whole by their name, and the parts that they are made of.
FAMILIES: Mapping[str, Mapping[str, str]] = {
    "glamor_net": {},
    "caer_net_s": {
        "encoder": "original",
        "attention": "context_only",
        "fusion": "fusion_net",
        "classifier_inputs": "face_and_context",
    },
    **BASELINE_FAMILIES,
}

_Part = TypeVar("_Part")


class ArchitectureError(GlamorError, ValueError):
    """An architecture with a part that this version does not have, or parts that do not fit."""


@dataclass(frozen=True)
class Architecture:
    """The parts of a network by name.

    Attributes:
        encoder: See ENCODERS.
        attention: See ATTENTIONS.
        fusion: See FUSIONS.
        classifier_units: 128 in the published checkpoint, 256 in the paper (Table 7); up to
            MAX_CLASSIFIER_UNITS, and 0 for a classifier without a hidden layer.
        family: "glamor_net", whose parts are chosen freely; "caer_net_s", the network of Lee et al.
            (2019): the same encoders and fusion with context-only attention, 128 classifier_units
            (so the paper counts it too: 44.14 in both Tables 3 and 4); or one of
            BASELINE_FAMILIES, which have no hidden layer in their classifier.
        classifier_inputs: What is classified; see CLASSIFIER_INPUTS. With "face" there is no
            context encoder, no attention and no fusion. With "context" there is no fusion, and the
            face is encoded only where the attention needs it (section 4.3.3). Whether faces are
            hidden in the context is said by the InputSpec.
    """

    encoder: str = "original"
    attention: str = "global_local"
    fusion: str = "fusion_net"
    classifier_units: int = PUBLISHED_CLASSIFIER_UNITS
    family: str = "glamor_net"
    classifier_inputs: str = "face_and_context"

    @classmethod
    def from_fields(cls, values: Mapping[str, Any]) -> Architecture:
        """The architecture with these fields, from a configuration or a checkpoint.

        A family's own parts need not be given.

        Raises:
            ArchitectureError: A field or the family is unknown.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(values.keys() - set(known))
        if unknown:
            raise ArchitectureError(
                f"an architecture has no '{unknown[0]}'; its fields are {', '.join(known)}"
            )
        name = values.get("family", "glamor_net")
        if not isinstance(name, str):
            raise ArchitectureError(f"family is {name!r}, expected a name")
        family = _part("family", FAMILIES, name)
        return cls(**{**family, **values})


def _part(kind: str, parts: Mapping[str, _Part], name: str) -> _Part:
    try:
        return parts[name]
    except KeyError:
        raise ArchitectureError(
            f"unknown {kind} '{name}'; this version has: {', '.join(parts)}"
        ) from None


def build_glamor_net(architecture: Architecture) -> GlamorNet:
    """The network with fresh weights.

    Raises:
        ArchitectureError: A part is unknown or not one of the family's, or the number of
            classifier units is out of range.
    """
    _require_consistent(architecture)
    is_baseline = architecture.family in BASELINE_FAMILIES
    encoders = BASELINE_ENCODERS if is_baseline else ENCODERS
    make_encoder = _part("encoder", encoders, architecture.encoder)
    make_attention = _part("attention", ATTENTIONS, architecture.attention)
    make_fusion = _part("fusion", FUSIONS, architecture.fusion)
    classifies_face = architecture.classifier_inputs != "context"
    sees_context = architecture.classifier_inputs != "face"
    if not classifies_face:
        make_fusion = ContextAlone
    elif not sees_context:
        make_fusion = FaceAlone

    face_encoder = make_encoder() if classifies_face or make_attention.uses_face else None
    context_encoder = make_encoder() if sees_context else None
    face_channels = face_encoder.out_channels if face_encoder else 0
    context_channels = context_encoder.out_channels if context_encoder else 0
    context_branch = None
    if context_encoder is not None:
        attention = make_attention(face_channels, context_channels)
        context_branch = ContextBranch(context_encoder, attention)
    fusion = make_fusion(face_channels, context_channels)
    if architecture.family in FROZEN_FAMILIES and isinstance(context_encoder, PretrainedEncoder):
        context_encoder.freeze()
    classifier = _classifier(architecture, fusion.out_features)
    return GlamorNet(face_encoder, context_branch, fusion, classifier)


def _classifier(architecture: Architecture, features: int) -> nn.Module:
    if architecture.family == "ma_net":
        return DecisionFusion(BRANCH_CHANNELS, BRANCH_WEIGHTS)
    if architecture.family in BASELINE_FAMILIES:
        return nn.Linear(features, len(EMOTIONS))
    if architecture.classifier_units == 0:
        return nn.Sequential(nn.Dropout(CLASSIFIER_DROPOUT), nn.Linear(features, len(EMOTIONS)))
    return nn.Sequential(
        nn.Linear(features, architecture.classifier_units),
        nn.ReLU(),
        nn.Dropout(CLASSIFIER_DROPOUT),
        nn.Linear(architecture.classifier_units, len(EMOTIONS)),
    )


def _require_consistent(architecture: Architecture) -> None:
    for field in fields(Architecture):
        value, kind = getattr(architecture, field.name), type(field.default)
        if type(value) is not kind:
            raise ArchitectureError(f"{field.name} is {value!r}, expected {_KIND_NAMES[kind]}")
    if not 0 <= architecture.classifier_units <= MAX_CLASSIFIER_UNITS:
        raise ArchitectureError(
            f"classifier_units is {architecture.classifier_units}; it must be 0 to "
            f"{MAX_CLASSIFIER_UNITS}"
        )
    if architecture.classifier_inputs not in CLASSIFIER_INPUTS:
        raise ArchitectureError(
            f"unknown classifier_inputs '{architecture.classifier_inputs}'; this version has: "
            f"{', '.join(CLASSIFIER_INPUTS)}"
        )
    for name, part in _part("family", FAMILIES, architecture.family).items():
        if getattr(architecture, name) != part:
            raise ArchitectureError(
                f"{name} '{getattr(architecture, name)}' does not belong to the family "
                f"'{architecture.family}', which has '{part}'; Architecture.from_fields fills in "
                "a family's parts"
            )


def stored_values(network: nn.Module) -> int:
    """The number of parameters and batch-normalisation statistics (paper, Table 7)."""
    return sum(
        value.numel() for value in network.state_dict().values() if value.is_floating_point()
    )
