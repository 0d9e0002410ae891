"""What a user waits for on the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ..measurement import Measurement, Target
from ..options import Options
from ..pairing import Rival, take_turns

RUNS = 7
HELP_TARGET_S = 0.5


def measure(options: Options) -> Iterator[Measurement]:
    """The wall time of `glamor-ros --help`, a new process each time."""
    program = Path(sys.executable).with_name("glamor-ros")

    def show_help() -> None:
        subprocess.run([program, "--help"], check=True, stdout=subprocess.DEVNULL)

    times = take_turns({"help": Rival(show_help)}, options.chosen(3, RUNS))
    yield Measurement(
        "start-up",
        "glamor-ros --help",
        "wall time",
        "ms",
        times.spread("help"),
        target=Target(1000 * HELP_TARGET_S),
    )
