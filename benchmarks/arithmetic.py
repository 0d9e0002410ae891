"""How much arithmetic the networks do, for the limit line of the plots."""

from __future__ import annotations

from collections.abc import Callable

from torch.utils.flop_counter import FlopCounterMode


def gigaflops_of(call: Callable[[], object]) -> float:
    """The floating-point operations of PyTorch's convolutions and matrix products in a call.

    Returns:
        In 1e9 operations, a multiplication and an addition counted as two; 0 where the work is
        done by operators that PyTorch cannot count.
    """
    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops()) / 1e9
