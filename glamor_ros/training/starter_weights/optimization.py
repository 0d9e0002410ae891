"""The optimizer and learning rate schedule of both stages."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

WEIGHT_DECAY = 5e-4


def build_optimizer(modules: Iterable[tuple[nn.Module, float]]) -> torch.optim.SGD:
    """SGD with Nesterov momentum over (module, factor of the learning rate) pairs.

    Biases and normalisation parameters are not decayed. Each group keeps its factor as `scale`.
    """
    groups: list[dict[str, Any]] = []
    for module, scale in modules:
        parameters = list(module.parameters())
        matrices = [p for p in parameters if p.ndim > 1]
        vectors = [p for p in parameters if p.ndim <= 1]
        groups.append({"params": matrices, "weight_decay": WEIGHT_DECAY, "scale": scale})
        groups.append({"params": vectors, "weight_decay": 0.0, "scale": scale})
    return torch.optim.SGD(groups, lr=0.0, momentum=0.9, nesterov=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, peak: float, progress: float) -> None:
    """Linear rise over the first 4 % of the training, then a half cosine down to nothing.

    progress: the part of the training that is done, in [0, 1].
    """
    rise = min(1.0, progress / 0.04)
    rate = peak * rise * 0.5 * (1 + math.cos(math.pi * progress)) + 1e-5
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]
