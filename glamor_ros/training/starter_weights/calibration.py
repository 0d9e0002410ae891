"""Changes to the logits of a trained network that make its confidence and class shares right.

Temperature scaling: Guo et al., On Calibration of Modern Neural Networks, 2017. Logit adjustment:
Menon et al., Long-tail learning via logit adjustment, 2021.
"""

from __future__ import annotations

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn
from torch.nn import functional


def fitted_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature with the least cross-entropy, in [0.2, 5].

    Args:
        logits: (N, 7).
        labels: (N,), int64.
    """

    def cross_entropy(temperature: float) -> float:
        return functional.cross_entropy(logits / temperature, labels).item()

    return float(minimize_scalar(cross_entropy, bounds=(0.2, 5.0), method="bounded").x)


@torch.no_grad()
def divide_logits(last_layer: nn.Linear, temperature: float) -> None:
    """Divide the logits by a temperature for good, by changing the layer that gives them.

    Args:
        last_layer: The layer that gives the logits; its weights and bias are changed.
        temperature: Above 0.
    """
    last_layer.weight.div_(temperature)
    last_layer.bias.div_(temperature)


@torch.no_grad()
def adjust_logits(last_layer: nn.Linear, frequency: Tensor, strength: float) -> None:
    """Subtract strength * log(frequency) from the logits, which favours rare classes.

    Args:
        last_layer: The layer that gives the logits; its bias is changed.
        frequency: The share of each class, (7,), sums to 1.
        strength: 1 undoes all that the network has learnt of how frequent the classes are.
    """
    last_layer.bias.sub_(strength * torch.log(frequency))
