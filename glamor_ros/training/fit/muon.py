"""Muon for the filters of convolutions, and AdamW for everything else, as one optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

# Filters that see the image itself make matrices that are too narrow.
_IMAGE_CHANNELS = 3


def is_for_muon(parameter: Tensor) -> bool:
    """Whether a parameter is a convolution's filters, and not one that sees the image itself."""
    return parameter.ndim == 4 and parameter.shape[1] > _IMAGE_CHANNELS


class MuonWithAdamW(torch.optim.Optimizer):
    """PyTorch's Muon (Jordan et al., 2024) and AdamW, each for the parameters that it suits.

    Filters (O, I, h, w) are seen as matrices of O rows. Muon's steps are scaled to AdamW's, so that
    both follow one learning rate.

    Args:
        groups: Parameters with their `lr` and `weight_decay`; either all of a group are for Muon,
            or none is (see `is_for_muon`).
        momentum: Muon's.
        betas: AdamW's.
    """

    def __init__(
        self, groups: list[dict[str, Any]], *, momentum: float, betas: tuple[float, float]
    ) -> None:
        super().__init__(groups, {})
        of_muon = [group for group in groups if is_for_muon(group["params"][0])]
        of_adamw = [group for group in groups if not is_for_muon(group["params"][0])]
        self._inner: dict[str, torch.optim.Optimizer] = {}
        if of_muon:
            matrices = [{**g, "params": [_matrix(p) for p in g["params"]]} for g in of_muon]
            self._inner["muon"] = torch.optim.Muon(
                matrices, momentum=momentum, adjust_lr_fn="match_rms_adamw"
            )
        if of_adamw:
            copies = [dict(group) for group in of_adamw]
            self._inner["adamw"] = torch.optim.AdamW(copies, betas=betas)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step.

        Args:
            closure: What computes the loss and its gradients; None where they are there already.

        Returns:
            The loss, None without a closure.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for filters, matrix in self._filters_with_matrices():
            # Seen anew in each step: their memory may have been replaced.
            matrix.data = _as_matrix(filters.data, filters)
            matrix.grad = None if filters.grad is None else _as_matrix(filters.grad, filters)
        for inner, groups in self._inner_with_groups():
            for mine, group in zip(inner.param_groups, groups, strict=True):
                mine["lr"] = group["lr"]
            inner.step()
        for _, matrix in self._filters_with_matrices():
            matrix.grad = None
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The state of both optimizers, as tensors and plain values."""
        inner = {name: optimizer.state_dict() for name, optimizer in self._inner.items()}
        return {**super().state_dict(), **inner}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state of the same parameters."""
        super().load_state_dict({key: state_dict[key] for key in ("state", "param_groups")})
        for name, optimizer in self._inner.items():
            optimizer.load_state_dict(state_dict[name])

    def _inner_with_groups(self) -> Iterator[tuple[torch.optim.Optimizer, list[dict[str, Any]]]]:
        for name, inner in self._inner.items():
            for_muon = name == "muon"
            yield inner, [g for g in self.param_groups if is_for_muon(g["params"][0]) == for_muon]

    def _filters_with_matrices(self) -> Iterator[tuple[Tensor, Tensor]]:
        for inner, groups in self._inner_with_groups():
            for mine, group in zip(inner.param_groups, groups, strict=True):
                for matrix, parameter in zip(mine["params"], group["params"], strict=True):
                    if matrix is not parameter:
                        yield parameter, matrix


def _matrix(filters: Tensor) -> nn.Parameter:
    return nn.Parameter(_as_matrix(filters.detach(), filters))


def _as_matrix(values: Tensor, filters: Tensor) -> Tensor:
    """Values (O, I, h, w) as (O, I h w) or (O, h w I), whichever shares the filters' memory.

    Muon's step is the same for any order of the columns.
    """
    if filters.is_contiguous():
        return values.contiguous().view(len(values), -1)
    in_order = values.contiguous(memory_format=torch.channels_last)
    return in_order.permute(0, 2, 3, 1).view(len(values), -1)
