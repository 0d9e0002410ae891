"""Commands that need more than the package's core."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import GlamorError


class MissingExtraError(GlamorError, ValueError):
    """An optional dependency is not installed; the message says how to get it."""


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Imports of what the extra brings stand in this block.

    Raises MissingExtraError where one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"this needs {error.name}, which is not installed: pip install 'glamor_ros[{extra}]'"
        ) from error
