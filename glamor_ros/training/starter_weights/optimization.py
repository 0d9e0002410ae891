"""The optimizer and learning rate schedule of both stages."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from .memory_layout import packed

WEIGHT_DECAY = 0.1


class StarterOptimizer:
    """Muon (Jordan et al., 2024) on the filters of convolutions, AdamW on everything else.

    Muon's steps are scaled to AdamW's, so that both follow one learning rate. Built from
    (module, factor of the learning rate) pairs. Biases and normalisation parameters, and the
    filters that see the image itself, whose matrix is too narrow, belong to AdamW.
    """

    def __init__(self, modules: Iterable[tuple[nn.Module, float]]) -> None:
        filter_groups: list[dict[str, Any]] = []
        other_groups: list[dict[str, Any]] = []
        self._filters: list[tuple[nn.Parameter, nn.Parameter]] = []
        for module, scale in modules:
            parameters = list(module.parameters())
            filters = [p for p in parameters if p.ndim == 4 and p.shape[1] > 3]
            matrices = [p for p in parameters if p.ndim == 2 or (p.ndim == 4 and p.shape[1] <= 3)]
            vectors = [p for p in parameters if p.ndim <= 1]
            pairs = [(p, nn.Parameter(_as_matrix(p.detach()))) for p in filters]
            self._filters += pairs
            filter_groups.append({"params": [matrix for _, matrix in pairs], "scale": scale})
            other_groups.append({"params": matrices, "scale": scale})
            other_groups.append({"params": vectors, "weight_decay": 0.0, "scale": scale})
        self._optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(other_groups, lr=0.0, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY)
        ]
        if self._filters:
            filter_groups = [group for group in filter_groups if group["params"]]
            self._optimizers.append(
                torch.optim.Muon(
                    filter_groups,
                    lr=0.0,
                    weight_decay=WEIGHT_DECAY,
                    adjust_lr_fn="match_rms_adamw",
                )
            )

    def set_learning_rate(self, peak: float, progress: float) -> None:
        """Linear rise over the first 1 % of the training, then a half cosine down to nothing.

        progress: the part of the training that is done, in [0, 1].
        """
        rise = min(1.0, (progress + 1e-4) / 0.01)
        rate = peak * rise * 0.5 * (1 + math.cos(math.pi * progress)) + 1e-6
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["scale"]

    def step(self, loss: Tensor) -> None:
        """One step against the gradient of the loss."""
        loss.backward()
        for filters, matrix in self._filters:
            matrix.grad = None if filters.grad is None else _as_matrix(packed(filters.grad))
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad()
        for filters, _ in self._filters:
            filters.grad = None

    def state_dict(self) -> list[dict[str, Any]]:
        return [optimizer.state_dict() for optimizer in self._optimizers]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        for optimizer, state in zip(self._optimizers, states, strict=True):
            optimizer.load_state_dict(state)


def _as_matrix(filters: Tensor) -> Tensor:
    """Filters (O, I, h, w) in channels_last memory as (O, h w I), sharing their memory."""
    return filters.permute(0, 2, 3, 1).view(len(filters), -1)
