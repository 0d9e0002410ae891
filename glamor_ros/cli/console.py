"""What the commands say besides their results; all of it goes to stderr."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text


def message_console() -> Console:
    """Lines are left to the terminal to wrap, so that paths can be copied out of them."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def print_error(message: str, console: Console | None = None) -> None:
    """In red on a terminal."""
    (console or message_console()).print(Text(f"error: {message}", style="red"))
