from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from glamor_ros.cli.demo import node_processes
from glamor_ros.cli.demo.node_processes import NodeCommand, NodeEndedError, running_nodes

STUBBORN = """
import signal, subprocess, sys, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(600)
"""
OBEDIENT = """
import signal, sys, time
def end(number, frame):
    open(sys.argv[1], "a").write(f" ended by {signal.Signals(number).name}")
    sys.exit(0)
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
open(sys.argv[1], "w").write("ready")
time.sleep(600)
"""
FAILING = """
import sys
print("loading", flush=True)
sys.exit("no weights file at /nowhere")
"""


@dataclass(frozen=True)
class ScriptCommand(NodeCommand):
    """A script in the place of a node; it is told a file to write to."""

    script: str = ""
    note: Path = Path()

    @property
    def arguments(self) -> list[str]:
        return [sys.executable, "-c", self.script, str(self.note)]


def script(text: str, folder: Path, name: str = "node") -> ScriptCommand:
    return ScriptCommand(name, {}, folder / f"{name}.log", script=text, note=folder / name)


def wait_for(note: Path) -> str:
    deadline = time.monotonic() + 30
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline, f"{note} was not written"
        time.sleep(0.02)
    return note.read_text()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def test_a_node_is_asked_to_end_first(tmp_path: Path) -> None:
    command = script(OBEDIENT, tmp_path)
    with running_nodes([command]) as nodes:
        wait_for(command.note)
        nodes.require_alive()
    assert command.note.read_text() == "ready ended by SIGINT"


def test_a_node_that_does_not_end_is_killed_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_processes, "_SIGINT_PATIENCE_S", 0.2)
    monkeypatch.setattr(node_processes, "_SIGTERM_PATIENCE_S", 0.2)
    command = script(STUBBORN, tmp_path)
    with running_nodes([command]):
        grandchild = int(wait_for(command.note))
        assert is_running(grandchild)
    deadline = time.monotonic() + 30
    while is_running(grandchild):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def run_and_fail(command: ScriptCommand) -> None:
    with running_nodes([command]):
        wait_for(command.note)
        raise KeyError


def test_nodes_end_whatever_happens_inside(tmp_path: Path) -> None:
    command = script(OBEDIENT, tmp_path)
    with pytest.raises(KeyError):
        run_and_fail(command)
    assert command.note.read_text().endswith("ended by SIGINT")


def test_where_one_cannot_be_started_those_before_end(tmp_path: Path) -> None:
    first = script(OBEDIENT, tmp_path, "first")
    second = ScriptCommand("second", {}, tmp_path / "no folder" / "second.log", script="")
    with pytest.raises(FileNotFoundError), running_nodes([first, second]):
        pass
    # It may have been ended before it got so far as to write.
    assert not first.note.exists() or first.note.read_text() != "ready"


def require_alive_for_long(command: ScriptCommand) -> None:
    with running_nodes([command]) as nodes:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            nodes.require_alive()
            time.sleep(0.02)


def test_the_end_of_a_node_is_told_with_its_last_output(tmp_path: Path) -> None:
    command = script(FAILING, tmp_path, "emotion_node")
    with pytest.raises(NodeEndedError) as error:
        require_alive_for_long(command)
    message = str(error.value)
    assert "emotion_node has ended with exit code 1" in message
    assert "loading" in message
    assert "no weights file at /nowhere" in message


def test_parameters_keep_their_types() -> None:
    command = NodeCommand("a_node", {"source": "0", "rate_hz": 5.0, "loop": True}, Path("log"))
    assert command.arguments == [
        sys.executable,
        "-m",
        "glamor_ros.nodes.a.executable",
        "--ros-args",
        "-p",
        'source:="0"',
        "-p",
        "rate_hz:=5.0",
        "-p",
        "loop:=true",
    ]
