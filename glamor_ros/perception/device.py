"""Where the networks run."""

from __future__ import annotations

import torch

from ..errors import GlamorError


class DeviceError(GlamorError, ValueError):
    """A device is unknown, or this machine does not have it."""


def require_device(name: str) -> torch.device:
    """The device by PyTorch's name for it. Raises DeviceError where it cannot be used."""
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise DeviceError(
            f"device '{name}' cannot be used: {reason}; use 'cpu', or 'cuda' on a machine with an "
            "NVIDIA GPU and a CUDA build of PyTorch"
        ) from error
    return device
