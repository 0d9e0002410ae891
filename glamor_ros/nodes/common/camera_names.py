"""The names of several cameras, each of which is a part of the names of its topics."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .parameter_spec import ParameterValue

# A token of a ROS topic's name, which may not begin with a digit nor hold two underscores in a row.
_CAMERA_NAME = re.compile(r"(?!.*__)[A-Za-z_][A-Za-z0-9_]*(?<!_)")


def problem_with_camera_names(value: ParameterValue) -> str | None:
    """Why a value of the parameter `cameras` is refused; None: it is not."""
    names = [name for name in value if name] if isinstance(value, list) else []
    for name in names:
        if not _CAMERA_NAME.fullmatch(name):
            return (
                f"cameras has '{name}', which cannot be a part of a topic's name: use letters, "
                "digits and single underscores, beginning with a letter"
            )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"cameras has {', '.join(twice)} more than once; each needs a name of its own"
    return None


def camera_names(value: Sequence[str]) -> list[str]:
    """The cameras of the parameter `cameras`; one empty name: there is but one, without a name."""
    return [name for name in value if name] or [""]
