"""Where the networks run."""

from __future__ import annotations

import torch

from ..errors import GlamorError

AUTO = "auto"


class DeviceError(GlamorError, ValueError):
    """A device is unknown, or this machine does not have it."""


def require_device(name: str) -> torch.device:
    """The device of a name, tried out.

    Args:
        name: PyTorch's name ("cpu", "cuda", "cuda:1"), or "auto": the GPU where there is one that
            this PyTorch can use, else the processor.

    Raises:
        DeviceError: The name is unknown, or this machine has no such device.
    """
    if name == AUTO:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device).cpu()
    # NotImplementedError: a device that holds no values ("meta").
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise DeviceError(
            f"device '{name}' cannot be used: {reason}; use 'cpu', 'auto', or 'cuda' on a machine "
            "with an NVIDIA GPU and a CUDA build of PyTorch"
        ) from error
    return device


def describe_device(device: torch.device) -> str:
    """What a log says of a device: "the processor", or the GPU's model and PyTorch's name."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({device})"
    return "the processor" if device.type == "cpu" else str(device)
