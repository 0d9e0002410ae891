"""The face's own classifier, which keeps its encoder a network by itself while all is trained."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from torch import nn

from ...network.architecture import Architecture, build_glamor_net
from ...network.glamor_net import GlamorNet


def face_architecture(architecture: Architecture) -> Architecture:
    """The network that looks at the face alone, with the encoder of another one."""
    return replace(
        Architecture(encoder=architecture.encoder, classifier_units=architecture.classifier_units),
        classifier_inputs="face",
    )


def build_face_classifier(architecture: Architecture) -> nn.Module:
    """A classifier of the face's vector alone, with fresh weights.

    Args:
        architecture: The network in which it is trained.
    """
    return build_glamor_net(face_architecture(architecture)).classifier


def face_network(
    network: GlamorNet, face_classifier: nn.Module, architecture: Architecture
) -> GlamorNet:
    """The face encoder of a network with a classifier of its own, as a network by itself.

    Args:
        network: The network that the encoder is taken from.
        face_classifier: See `build_face_classifier`.
        architecture: The network's.

    Returns:
        A copy in evaluation mode.
    """
    alone = build_glamor_net(face_architecture(architecture))
    cast(nn.Module, alone.face_encoder).load_state_dict(
        cast(nn.Module, network.face_encoder).state_dict()
    )
    alone.classifier.load_state_dict(face_classifier.state_dict())
    return alone.eval()
