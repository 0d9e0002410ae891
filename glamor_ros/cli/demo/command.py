"""`glamor-ros demo`: the nodes at work, watched from outside and recorded."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import typer
from rich.console import Console
from rich.live import Live

from ...errors import GlamorError
from ...resources import STARTER_WEIGHTS, share_directory, shipped_weights
from ..console import message_console
from .node_processes import NodeCommand, NodeProcesses, running_nodes
from .recording import DemoRecording
from .statistics import DemoStatistics

if TYPE_CHECKING:
    from ...nodes.listener import Listener, ListeningNode

_START_PATIENCE_S = 180.0
# What two cores without a GPU can do, with all topics recorded and shown besides.
_DEMO_SOURCE, _DEMO_RATE_HZ = "demo", 15.0
_SPIN_TIMEOUT_S = 0.1
_LINE_INTERVAL_S = 1.0
_TABLE_RATE_HZ = 4.0
_DASHBOARD = "dashboard_node"
_DASHBOARD_ADDRESS = re.compile(r"the dashboard is at (http://\S+)")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoError(GlamorError, ValueError):
    """A demo that cannot run; the message says why."""


def demo(
    source: str = typer.Option(
        _DEMO_SOURCE,
        help="demo (two people in a photograph that is moved about and warped, so that their "
        "expressions change), a video, an image, a folder of images, or the number of a webcam.",
    ),
    duration: float = typer.Option(20.0, min=0.0, help="Seconds, from the first result on."),
    output: Path = typer.Option(
        Path("demo_output"), metavar="DIR", help="Folder for the video, the pictures and the logs."
    ),
    weights: Optional[Path] = typer.Option(
        None, help="GLAMOR-Net checkpoint (.safetensors).", show_default="shipped"
    ),
    detector: str = typer.Option("mmod", help="Face detector, as in emotion_node's parameter."),
    dashboard: bool = typer.Option(
        True, help="Whether a page shows the demo, too; its address is printed."
    ),
) -> None:
    """Watch the nodes at work over ROS 2 topics.

    Starts image_source_node and emotion_node as processes, shows what they publish, and saves an
    annotated video, attention pictures and the messages. Ctrl-C ends it early. Unless the
    environment says otherwise, the nodes talk through shared memory in a ROS domain of their own.
    dashboard_node serves a page with the same to browsers on this machine, on a free port.
    """
    _set_up_dds()
    listening = _import_listening()
    commands = _commands(source, weights or shipped_weights(STARTER_WEIGHTS), detector, output)
    if dashboard and _can_serve_dashboard():
        # Port 0: a free one, whatever else is served on this machine.
        commands.append(NodeCommand(_DASHBOARD, {"port": 0}, output / f"{_DASHBOARD}.log"))
    statistics = DemoStatistics()
    # The nodes end before the recording is completed: nothing can keep them running.
    with _stop_request() as stop, DemoRecording(output) as recording:
        watcher = _Watcher(statistics, recording)
        with running_nodes(commands) as nodes, listening(watcher) as listener:
            _watch(statistics, nodes, listener, duration, stop)
    for line in statistics.summary_lines():
        typer.echo(line)
    typer.echo(f"saved to {output}: {', '.join(sorted(p.name for p in output.iterdir()))}")


def _set_up_dds() -> None:
    """Make the nodes talk through shared memory, unless the environment says otherwise."""
    profiles = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
    transports = os.environ.setdefault("FASTDDS_BUILTIN_TRANSPORTS", "SHM")
    if transports == "SHM" and not any(name in os.environ for name in profiles):
        # The default segments are smaller than an image, which then is often late or lost.
        for name in profiles:
            os.environ[name] = str(share_directory() / "config" / "fastdds_shared_memory.xml")
    # 1 to 101 are safe on every system; another demo beside this one is not disturbed.
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 101))


def _import_listening() -> Callable[[Listener], AbstractContextManager[ListeningNode]]:
    try:
        from ...nodes.listener import listening
    except ImportError as error:
        raise DemoError(
            f"the demo needs ROS 2 and the messages of glamor_ros, but: {error}; source the ROS "
            "workspace, or use the environment that 'make setup' makes"
        ) from error
    return listening


def _can_serve_dashboard() -> bool:
    """Whether the packages of the page are installed; a message says so where they are not."""
    try:
        from ...nodes.dashboard import server  # noqa: F401
    except ImportError as error:
        message_console().print(
            f"no dashboard: it needs more packages: pip install 'glamor_ros[dashboard]' ({error})",
            markup=False,
        )
        return False
    return True


def _commands(source: str, weights: Path, detector: str, output: Path) -> list[NodeCommand]:
    emotion_parameters: dict[str, str | float | bool] = {
        "weights": str(weights),
        "detector": detector,
    }
    source_parameters: dict[str, str | float | bool] = {
        "source": source,
        "wait_for_subscriber": True,
    }
    if source == _DEMO_SOURCE:
        source_parameters["rate_hz"] = _DEMO_RATE_HZ
    return [
        NodeCommand("emotion_node", emotion_parameters, output / "emotion_node.log"),
        NodeCommand("image_source_node", source_parameters, output / "image_source_node.log"),
    ]


class _Watcher:
    """A passer-on of the nodes' messages to the statistics and the recording."""

    def __init__(self, statistics: DemoStatistics, recording: DemoRecording) -> None:
        self._statistics, self._recording = statistics, recording
        self.attention = recording.attention
        self.annotated_image = recording.annotated_image
        self.attention_image = recording.attention_image

    def emotions(self, message: Any) -> None:
        self._statistics.add(message, time.monotonic())
        self._recording.emotions(message)


def _watch(
    statistics: DemoStatistics,
    nodes: NodeProcesses,
    listener: ListeningNode,
    duration_s: float,
    stop: threading.Event,
) -> None:
    patience_ends_s = time.monotonic() + _START_PATIENCE_S
    message_console().print("starting the nodes; loading the networks takes some seconds")
    dashboard_is_announced = False
    with _display(statistics) as show:
        while not stop.is_set() and (
            statistics.message_count == 0 or statistics.duration_s < duration_s
        ):
            nodes.require_alive()
            if not dashboard_is_announced:
                dashboard_is_announced = _announce_dashboard(nodes)
            if statistics.message_count == 0 and time.monotonic() > patience_ends_s:
                raise DemoError(
                    f"nothing was published in {_START_PATIENCE_S:g} s; see the nodes' .log files"
                )
            listener.spin(_SPIN_TIMEOUT_S)
            if statistics.message_count:
                show()


def _announce_dashboard(nodes: NodeProcesses) -> bool:
    """Print the page's address once dashboard_node has one.

    Returns:
        Whether nothing is left to do: it has been printed, or no dashboard has been started.
    """
    log = nodes.logs.get(_DASHBOARD)
    if log is None:
        return True
    address = _DASHBOARD_ADDRESS.search(log.read_text(errors="replace"))
    # A line that is still being written has half an address.
    if address is None or not address.string[address.end() :].startswith("\n"):
        return False
    message_console().print(f"watch it in a browser: {address[1]}", markup=False)
    return True


@contextmanager
def _display(statistics: DemoStatistics) -> Iterator[Callable[[], None]]:
    """What shows the state, to be called often: a table on a terminal, else a line every second."""
    console = Console()
    if console.is_terminal:
        with Live(console=console, refresh_per_second=_TABLE_RATE_HZ) as live:
            yield lambda: live.update(statistics.live_table())
        return
    next_line_s = time.monotonic()

    def show_line() -> None:
        nonlocal next_line_s
        if time.monotonic() >= next_line_s:
            next_line_s = time.monotonic() + _LINE_INTERVAL_S
            typer.echo(statistics.live_line())

    yield show_line


@contextmanager
def _stop_request() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM or SIGHUP sets, instead of ending the process at once."""
    requested = threading.Event()
    previous = {n: signal.signal(n, lambda *_: requested.set()) for n in _SIGNALS}
    try:
        yield requested
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
