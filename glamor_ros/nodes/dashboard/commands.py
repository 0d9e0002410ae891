"""What viewers may order of emotion_node."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias

COMMANDS = ("pause", "resume", "reset")


@dataclass(frozen=True)
class CommandAnswer:
    """What came of a command.

    Attributes:
        succeeded: Whether it was carried out.
        text: A sentence for the viewer; may be empty.
    """

    succeeded: bool
    text: str


# Carries out one of COMMANDS; may be called from any thread.
RunCommand: TypeAlias = "Callable[[str], Future[CommandAnswer]]"
