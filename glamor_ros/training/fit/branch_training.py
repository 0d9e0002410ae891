"""Stage 1: face and context encoder by themselves (paper, section 4.2).

Each is trained within the network that has it alone, with a classifier of its own: settings (i) and
(ii) of Table 4. Trained from the start with both, the fusion tends to ignore one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...network.architecture import Architecture
from ...network.attention import ATTENTIONS
from ...network.glamor_net import GlamorNet

FACE, CONTEXT = "face", "context"


def branch_architectures(architecture: Architecture) -> dict[str, Architecture]:
    """FACE and CONTEXT with the network of each; empty for a network of one encoder."""
    inputs = architecture.classifier_inputs
    uses_face = inputs != "context" or ATTENTIONS[architecture.attention].uses_face
    if not uses_face or inputs == "face":
        return {}
    alone = Architecture(
        encoder=architecture.encoder, classifier_units=architecture.classifier_units
    )
    return {
        FACE: replace(alone, classifier_inputs="face"),
        CONTEXT: replace(alone, classifier_inputs="context", attention="none"),
    }


def take_encoders(network: GlamorNet, branches: Mapping[str, GlamorNet]) -> None:
    """Start the network from the branches' encoders."""
    for name, branch in branches.items():
        encoder = f"{name}_encoder"
        network.get_submodule(encoder).load_state_dict(branch.get_submodule(encoder).state_dict())
