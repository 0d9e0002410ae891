"""Optional dependencies, which only some commands need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import GlamorError


class MissingExtraError(GlamorError, ValueError):
    """The lack of an optional dependency; the message says how to get it."""


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """A block that holds the imports of an optional dependency.

    Args:
        extra: The name of the extra that brings it.

    Raises:
        MissingExtraError: One of the imported packages is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"this needs {error.name}, which is not installed: pip install 'glamor_ros[{extra}]'"
        ) from error
