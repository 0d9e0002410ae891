"""The networks of the paper's tables, by name, for the tests."""

from __future__ import annotations

import torch
from torch import nn

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.glamor_net import GlamorNet

VARIANTS = {
    "face": Architecture(classifier_inputs="face"),
    "context_average": Architecture(classifier_inputs="context", attention="none"),
    "context_only": Architecture(classifier_inputs="context", attention="context_only"),
    "context_global_local": Architecture(classifier_inputs="context"),
    "both_average": Architecture(attention="none"),
    "both_context_only": Architecture(attention="context_only"),
    "both_global_local": Architecture(),
    "add": Architecture(fusion="add"),
    "max": Architecture(fusion="max"),
    "mobilenet_v2": Architecture(encoder="mobilenet_v2"),
    "resnet18": Architecture(encoder="resnet18"),
    "caer_net_s": Architecture.from_fields({"family": "caer_net_s"}),
}
WITHOUT_FUSION = ("face", "context_average", "context_only", "context_global_local")


def make_lively(module: nn.Module) -> None:
    """Batch-normalisation statistics that are not the identity."""
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)


def lively_network(architecture: Architecture, seed: int = 0) -> GlamorNet:
    """Fresh weights and lively statistics, in evaluation mode."""
    torch.manual_seed(seed)
    network = build_glamor_net(architecture)
    make_lively(network)
    return network.eval()
