"""The messages of the commands, which go to stderr; their results go to stdout."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text


def message_console() -> Console:
    """A console on stderr that leaves wrapping to the terminal, so that paths can be copied."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def print_error(message: str, console: Console | None = None) -> None:
    """Print an error, in red on a terminal.

    Args:
        message: What is wrong.
        console: Where to; by default a new `message_console`.
    """
    (console or message_console()).print(Text(f"error: {message}", style="red"))
