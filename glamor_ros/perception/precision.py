"""The number format that the networks compute in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch

from ..errors import GlamorError

PRECISIONS: Mapping[str, torch.dtype] = MappingProxyType(
    {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
)


class PrecisionError(GlamorError, ValueError):
    """A number format is unknown, or a device is slower with it than without."""


def require_precision(name: str, device: torch.device) -> torch.dtype:
    """The number format by its name in PRECISIONS.

    Raises:
        PrecisionError: It is unknown, or one of 16 bits is asked of a processor.
    """
    if name not in PRECISIONS:
        raise PrecisionError(f"unknown precision '{name}'; known are {', '.join(PRECISIONS)}")
    if device.type == "cpu" and name != "float32":
        raise PrecisionError(
            f"precision '{name}' is for GPUs; use 'float32' on the device '{device}'"
        )
    return PRECISIONS[name]
