"""Exponential average of a network's weights and statistics over the training steps."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

_Network = TypeVar("_Network", bound=nn.Module)


class AveragedWeights(Generic[_Network]):
    """`network` is a copy in evaluation mode that follows the trained one, at first quickly."""

    def __init__(self, trained: _Network, decay: float = 0.999) -> None:
        self.network = copy.deepcopy(trained).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, trained: _Network, step: int) -> None:
        decay = min(self._decay, (1 + step) / (10 + step))
        for average, value in zip(
            self.network.state_dict().values(), trained.state_dict().values(), strict=True
        ):
            if average.is_floating_point():
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(value)
