"""ROS messages as JSON."""

from __future__ import annotations

import math
from typing import Any


def message_to_json(message: Any) -> Any:
    """Fields by name, in the message's order; what is not finite is null, which JSON has."""
    if hasattr(message, "get_fields_and_field_types"):
        names = message.get_fields_and_field_types()
        return {name: message_to_json(getattr(message, name)) for name in names}
    if isinstance(message, (str, bool, int)):
        return message
    if isinstance(message, float):
        return message if math.isfinite(message) else None
    if hasattr(message, "tolist"):
        return message_to_json(message.tolist())
    return [message_to_json(item) for item in message]
