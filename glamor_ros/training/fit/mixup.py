"""Mixup: samples that are blends of two, and so are their labels (Zhang et al., 2018)."""

from __future__ import annotations

import torch
from pydantic.dataclasses import dataclass
from torch import Tensor

from ..data.emotion_dataset import NetworkInputs
from .recipe_errors import STRICT
from .recipe_numbers import Positive, Probability


@dataclass(frozen=True, config=STRICT)
class Mixup:
    """A random blend of each sample with another one of its batch.

    Attributes:
        alpha: Both parameters of the Beta distribution from which the shares are drawn; small ones
            give blends in which one sample is hardly seen.
        probability: The share of samples that are blended at all.
    """

    alpha: Positive = 0.4
    probability: Probability = 0.5

    def __call__(
        self, inputs: NetworkInputs, distributions: Tensor
    ) -> tuple[NetworkInputs, Tensor]:
        """A batch blended with itself in another order; PyTorch's global generator is drawn from.

        Args:
            inputs: N samples.
            distributions: Their labels, (N, 7).

        Returns:
            The blends, each with a share of at least half of the sample at its place, and their
            labels. An own face, and who decides, is where either sample has it.
        """
        count = len(distributions)
        share = torch.distributions.Beta(self.alpha, self.alpha).sample((count,))
        share = torch.maximum(share, 1 - share)
        share[torch.rand(count) >= self.probability] = 1.0
        partner = torch.randperm(count)
        share, partner = share.to(distributions.device), partner.to(distributions.device)

        def blended(values: Tensor) -> Tensor:
            weight = share.view(-1, *(1 for _ in values.shape[1:]))
            return torch.lerp(values[partner], values, weight)

        def united(places: Tensor | None) -> Tensor | None:
            if places is None:
                return None
            return places | (places[partner] & (share < 1).view(-1, 1, 1))

        mixed = NetworkInputs(
            blended(inputs.faces),
            blended(inputs.contexts),
            united(inputs.own_faces),
            united(inputs.deciders),
        )
        return mixed, blended(distributions)
