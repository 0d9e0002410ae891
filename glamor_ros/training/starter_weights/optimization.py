"""What both stages are trained with: optimizer, averaged weights and memory layout."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

WEIGHT_DECAY = 0.1

_Network = TypeVar("_Network", bound=nn.Module)


def channels_last(images: Tensor) -> Tensor:
    """The same images (N, C, H, W) in the memory order N, H, W, C, which convolutions prefer."""
    return images.contiguous(memory_format=torch.channels_last)


class AveragedWeights(Generic[_Network]):
    """An exponential average of a network's weights and statistics over the training steps.

    Args:
        trained: The network to follow.
        decay: The share of the average that a step keeps; smaller at first, so that the average
            soon leaves the random start.

    Attributes:
        network: The average, a copy in evaluation mode that is not trained itself.
    """

    def __init__(self, trained: _Network, decay: float = 0.999) -> None:
        self.network = copy.deepcopy(trained).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, trained: _Network, step: int) -> None:
        """Take in the values of the trained network.

        Args:
            trained: The network.
            step: The number of the training step, from 0.
        """
        decay = min(self._decay, (1 + step) / (10 + step))
        for average, value in zip(
            self.network.state_dict().values(), trained.state_dict().values(), strict=True
        ):
            if average.is_floating_point():
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(value)


class StarterOptimizer:
    """Muon (Jordan et al., 2024) on the filters of convolutions, AdamW on everything else.

    Muon's steps are scaled to AdamW's, so that both follow one learning rate. Biases and
    normalisation parameters, and the filters that see the image itself, whose matrix is too narrow,
    belong to AdamW.

    Args:
        modules: What is trained, each with a factor of the learning rate.
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
        """Set the rate: a linear rise over the first 1 % of the training, then half a cosine to 0.

        Args:
            peak: The largest learning rate.
            progress: The part of the training that is done, in [0, 1].
        """
        rise = min(1.0, (progress + 1e-4) / 0.01)
        rate = peak * rise * 0.5 * (1 + math.cos(math.pi * progress)) + 1e-6
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["scale"]

    def step(self, loss: Tensor) -> None:
        """Take one step against the gradient of the loss."""
        loss.backward()
        for filters, matrix in self._filters:
            matrix.grad = None if filters.grad is None else _as_matrix(channels_last(filters.grad))
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad()
        for filters, _ in self._filters:
            filters.grad = None

    def state(self) -> dict[str, Tensor]:
        """What the optimizers remember of the gradients, by name; no settings."""
        return {
            f"{number}.{parameter}.{name}": value
            for number, optimizer in enumerate(self._optimizers)
            for parameter, values in optimizer.state_dict()["state"].items()
            for name, value in values.items()
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a `state` of the same parameters."""
        for number, optimizer in enumerate(self._optimizers):
            remembered: dict[int, dict[str, Tensor]] = {}
            for key, value in below(state, str(number)).items():
                parameter, name = key.split(".", maxsplit=1)
                remembered.setdefault(int(parameter), {})[name] = value
            settings = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": remembered, "param_groups": settings})


def named(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a part, their names below the part's."""
    return {f"{part}.{name}": value for name, value in tensors.items()}


def below(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """The tensors of a part, under the names that they have in it."""
    start = f"{part}."
    return {n.removeprefix(start): value for n, value in tensors.items() if n.startswith(start)}


def _as_matrix(filters: Tensor) -> Tensor:
    """Filters (O, I, h, w) in channels_last memory as (O, h w I), sharing their memory."""
    return filters.permute(0, 2, 3, 1).view(len(filters), -1)
