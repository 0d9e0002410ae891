"""The checking of settings, for the data classes that hold them."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def require_not_negative(settings: DataclassInstance) -> None:
    """Refuse settings of which a number is negative or not finite.

    Args:
        settings: Its fields are numbers, or settings that have been checked by themselves.

    Raises:
        ValueError: One is; the message names it.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        if not is_dataclass(value) and not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{field.name} is {value}; it must be 0 or more")
