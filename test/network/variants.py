"""The networks of the paper's tables, by name, for the tests."""

from __future__ import annotations

import math
import zlib

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


def waves(shape: torch.Size, name: str) -> torch.Tensor:
    """Values in [-1, 1] that depend on the shape and the name alone, on every machine the same."""
    period = torch.sin(torch.arange(997, dtype=torch.float64) * 0.37 + zlib.crc32(name.encode()))
    count = math.prod(shape)
    return period.float().repeat(count // len(period) + 1)[:count].reshape(shape)


def fill_with_waves(module: nn.Module) -> None:
    """Weights and statistics of ordinary sizes; equal for modules with the same names."""
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if not value.is_floating_point():
                continue
            wave = waves(value.shape, name)
            if name.endswith("running_var"):
                wave = 1 + 0.5 * wave
            elif value.ndim > 1:
                wave = wave * math.sqrt(4 / value[0].numel())
            elif name.endswith("weight"):
                wave = 1 + 0.3 * wave
            else:
                wave = 0.1 * wave
            value.copy_(wave)
