"""The optimizers that a recipe may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import nn

from ...errors import GlamorError
from .muon import MuonWithAdamW, is_for_muon
from .recipe_errors import STRICT
from .recipe_numbers import Share


class OptimizerError(GlamorError, ValueError):
    """An optimizer that this version of PyTorch does not have."""


@dataclass(frozen=True, config=STRICT)
class Sgd:
    """Stochastic gradient descent.

    Attributes:
        name: "sgd".
        momentum: The momentum of the gradient.
        nesterov: Whether the momentum is Nesterov's.
    """

    name: Literal["sgd"] = "sgd"
    momentum: Share = 0.9
    nesterov: bool = False

    def __post_init__(self) -> None:
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """The optimizer of these groups of parameters."""
        return torch.optim.SGD(groups, momentum=self.momentum, nesterov=self.nesterov)


@dataclass(frozen=True, config=STRICT)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019).

    Attributes:
        name: "adamw".
        betas: The decays of the gradient's and the squared gradient's averages.
    """

    name: Literal["adamw"] = "adamw"
    betas: tuple[Share, Share] = (0.9, 0.999)

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """The optimizer of these groups of parameters."""
        return torch.optim.AdamW(groups, betas=self.betas)


@dataclass(frozen=True, config=STRICT)
class Muon:
    """Muon (Jordan et al., 2024) for the filters of convolutions, AdamW for everything else.

    Attributes:
        name: "muon".
        momentum: The momentum of the filters' gradient.
        betas: AdamW's, see there.
    """

    name: Literal["muon"] = "muon"
    momentum: Share = 0.95
    betas: tuple[Share, Share] = (0.9, 0.98)

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """The optimizer of these groups of parameters.

        Raises:
            OptimizerError: PyTorch is older than 2.9.
        """
        if not hasattr(torch.optim, "Muon"):
            raise OptimizerError(
                f"the optimizer muon needs torch 2.9 or newer, this is {torch.__version__}; "
                "install a newer one, or set the recipe's optimizer to {name: adamw}"
            )
        return MuonWithAdamW(groups, momentum=self.momentum, betas=self.betas)


Optimizer = Annotated[Sgd | AdamW | Muon, Field(discriminator="name")]


def parameter_groups(
    parts: Mapping[str, nn.Module],
    learning_rate: float,
    weight_decay: float,
    learning_rate_factors: Mapping[Any, float],
) -> list[dict[str, Any]]:
    """The parameters to train, in groups with a learning rate and a weight decay each.

    Biases and normalisations are not decayed.

    Args:
        parts: The parts of the network by name.
        learning_rate: The learning rate of parts that have no factor.
        weight_decay: The decay of all other parameters.
        learning_rate_factors: The factor of the learning rate by the name of the part.
    """
    groups: dict[tuple[float, float, bool], list[nn.Parameter]] = {}
    for name, part in parts.items():
        factor = learning_rate_factors.get(name, 1.0)
        for parameter in part.parameters():
            if parameter.requires_grad:
                decay = weight_decay if parameter.ndim > 1 else 0.0
                key = (learning_rate * factor, decay, is_for_muon(parameter))
                groups.setdefault(key, []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "weight_decay": decay}
        for (rate, decay, _), parameters in groups.items()
    ]
