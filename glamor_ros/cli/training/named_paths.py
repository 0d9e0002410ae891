"""Options that give paths by name, as --data ferplus=FOLDER."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from ...errors import GlamorError


class NamedPathError(GlamorError, ValueError):
    """A value of an option that is no NAME=PATH."""


def named_paths(option: str, given: Sequence[str], known: Collection[str] = ()) -> dict[str, Path]:
    """The paths by name, from texts like "ferplus=/data".

    Args:
        option: What the texts were given by, for messages.
        given: The texts.
        known: The names that there are; none where any will do.

    Raises:
        NamedPathError: A text has no name or no path, its name is unknown, or it comes twice.
    """
    paths: dict[str, Path] = {}
    for text in given:
        name, _, path = text.partition("=")
        if not name or not path or (known and name not in known):
            expected = " or ".join(f"{one}=PATH" for one in known or ("NAME",))
            raise NamedPathError(f"{option} is '{text}', expected {expected}")
        if name in paths:
            raise NamedPathError(f"{option} names {name} twice: {paths[name]} and {path}")
        paths[name] = Path(path)
    return paths
