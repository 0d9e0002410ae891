"""Nodes of this package as processes, none of which outlives its parent's work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ...errors import GlamorError

_SHOWN_LOG_LINES = 15
# A node that loads PyTorch sees a signal when the import is done.
_SIGINT_PATIENCE_S = 10.0
_SIGTERM_PATIENCE_S = 3.0
_POLL_INTERVAL_S = 0.05


class NodeEndedError(GlamorError, ValueError):
    """The end of a node that was still needed; the message has the end of its output."""


@dataclass(frozen=True)
class NodeCommand:
    """A node to start with its parameters.

    Attributes:
        module: The name of the executable, for example "emotion_node".
        parameters: The values of parameters, by name.
        log: The file that its output goes to.
    """

    module: str
    parameters: Mapping[str, str | float | bool]
    log: Path

    @property
    def arguments(self) -> list[str]:
        """The command line.

        Parameters are written as JSON, which is read as YAML: "0" stays a string.
        """
        module = f"glamor_ros.nodes.{self.module.removesuffix('_node')}.executable"
        arguments = [sys.executable, "-m", module, "--ros-args"]
        for name, value in self.parameters.items():
            arguments += ["-p", f"{name}:={json.dumps(value)}"]
        return arguments


class NodeProcesses:
    """The running processes of `running_nodes`."""

    def __init__(self) -> None:
        self._processes: list[tuple[NodeCommand, subprocess.Popen[bytes]]] = []

    @property
    def logs(self) -> dict[str, Path]:
        """The file with the output of each node that has been started, by its executable."""
        return {command.module: command.log for command, _ in self._processes}

    def require_alive(self) -> None:
        """Make sure that all of them are still running.

        Raises:
            NodeEndedError: One has ended.
        """
        for command, process in self._processes:
            if process.poll() is not None:
                lines = command.log.read_text(errors="replace").splitlines()[-_SHOWN_LOG_LINES:]
                raise NodeEndedError(
                    f"{command.module} has ended with exit code {process.returncode}; its last "
                    "output was:\n" + "\n".join(f"  {line}" for line in lines)
                )

    def _start(self, command: NodeCommand) -> None:
        with command.log.open("wb") as log:
            # A session of its own: the terminal's Ctrl-C reaches the parent only, which then ends
            # the node and what the node started.
            process = subprocess.Popen(
                command.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append((command, process))

    def _stop(self) -> None:
        processes = [process for _, process in self._processes]
        for number, patience_s in (
            (signal.SIGINT, _SIGINT_PATIENCE_S),
            (signal.SIGTERM, _SIGTERM_PATIENCE_S),
        ):
            for process in processes:
                if process.poll() is None:
                    _signal_group(process, number)
            deadline = time.monotonic() + patience_s
            while any(p.poll() is None for p in processes) and time.monotonic() < deadline:
                time.sleep(_POLL_INTERVAL_S)
        for process in processes:
            # Also where the node itself has ended: what it started may not have.
            _signal_group(process, signal.SIGKILL)
            process.wait()


@contextmanager
def running_nodes(commands: Sequence[NodeCommand]) -> Iterator[NodeProcesses]:
    """Run nodes inside a `with`, in the environment of this process.

    At its end they get SIGINT, then SIGTERM and SIGKILL if they need them.

    Args:
        commands: The nodes.

    Yields:
        The running processes.
    """
    processes = NodeProcesses()
    with ExitStack() as stack:
        stack.callback(processes._stop)
        for command in commands:
            processes._start(command)
        yield processes


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
