"""Stage 1: face and context encoder, each by itself (paper, section 4.2).

Each is trained within the network that has only this encoder, with a classifier of its own:
settings (i) and (ii) of Table 4. If both are trained together from the start, the fusion tends to
ignore one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...network.architecture import Architecture
from ...network.attention import ATTENTIONS
from ...network.glamor_net import GlamorNet
from .face_network import face_architecture

FACE, CONTEXT = "face", "context"


def branch_architectures(architecture: Architecture) -> dict[str, Architecture]:
    """The networks in which the encoders are trained by themselves.

    Args:
        architecture: The whole network.

    Returns:
        An architecture for FACE and one for CONTEXT; empty for a network with only one encoder.
    """
    inputs = architecture.classifier_inputs
    uses_face = inputs != "context" or ATTENTIONS[architecture.attention].uses_face
    if not uses_face or inputs == "face":
        return {}
    face = face_architecture(architecture)
    return {
        FACE: face,
        CONTEXT: replace(face, classifier_inputs="context", attention="none"),
    }


def take_encoders(network: GlamorNet, branches: Mapping[str, GlamorNet]) -> None:
    """Start a network from encoders that were trained by themselves.

    Args:
        network: The whole network; its encoders' weights are replaced.
        branches: The trained networks, by FACE and CONTEXT.
    """
    for name, branch in branches.items():
        encoder = f"{name}_encoder"
        network.get_submodule(encoder).load_state_dict(branch.get_submodule(encoder).state_dict())
