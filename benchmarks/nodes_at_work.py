"""emotion_node and its cameras as processes, with a listener, for the time of a measurement."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from glamor_ros.cli.demo.node_processes import NodeCommand, NodeEndedError, running_nodes
from glamor_ros.resources import PACKAGE, share_directory

from .arrivals import Arrival, read_arrivals
from .measurement import NotAvailableError

EMOTION_NODE, IMAGE_SOURCE = "emotion_node", "image_source_node"
_START_PATIENCE_S = 120.0
_POLL_INTERVAL_S = 0.2
_MEMORY_INTERVAL_S = 1.0
# Apart from the domains that the tests and the demo take by their process number.
_DOMAIN_ID = "77"

Parameters = Mapping[str, object]

# What `observe` raises where the nodes do not come up or do not stay up.
NODE_FAILURES = (NodeEndedError, TimeoutError)


@dataclass(frozen=True)
class Camera:
    """An image_source_node.

    Attributes:
        parameters: Of the node.
        namespace: Where its topics lie; "" is the root.
    """

    parameters: Parameters
    namespace: str = ""

    @property
    def prefix(self) -> str:
        """What its topics' names begin with."""
        return f"/{self.namespace}" if self.namespace else ""


@dataclass(frozen=True)
class Setting:
    """The nodes of one measurement.

    Attributes:
        emotion_node: Its parameters.
        cameras: Its cameras.
        viewed: The topic of images that one more process looks at; "" for none.
        beside: What else runs at the same time.
        warm_up_s: How long after the first message nothing counts.
        duration_s: How long everything counts after that.
    """

    emotion_node: Parameters
    cameras: tuple[Camera, ...]
    warm_up_s: float
    duration_s: float
    viewed: str = ""
    beside: tuple[NodeCommand, ...] = ()


@dataclass(frozen=True)
class Observation:
    """What came of a setting.

    Attributes:
        arrivals: The messages on `emotions` that count, for each camera in order.
        memory_mib: Resident memory of emotion_node, once a second, while they came.
        log: What emotion_node wrote.
    """

    arrivals: tuple[tuple[Arrival, ...], ...]
    memory_mib: tuple[float, ...]
    log: str


@dataclass(frozen=True)
class InstalledNode(NodeCommand):
    """A node of the package as installed.

    Attributes:
        namespace: Where its topics lie; "" is the root.
    """

    namespace: str = ""

    @property
    def arguments(self) -> list[str]:
        """The command line."""
        arguments = [str(_executable(self.module)), "--ros-args"]
        for name, value in self.parameters.items():
            arguments += ["-p", f"{name}:={json.dumps(value)}"]
        if self.namespace:
            arguments += ["-r", f"__ns:=/{self.namespace}"]
        return arguments


@dataclass(frozen=True)
class BenchmarkProcess(NodeCommand):
    """A module of the benchmarks that writes what it sees into a file.

    Attributes:
        options: Of its command line, behind the file.
    """

    options: tuple[str, ...] = ()

    @property
    def output(self) -> Path:
        """The file that it writes."""
        return self.log.with_suffix(".jsonl")

    @property
    def arguments(self) -> list[str]:
        """The command line."""
        module = f"benchmarks.{self.module}"
        return [sys.executable, "-m", module, str(self.output), *self.options]


def observe(setting: Setting) -> Observation:
    """Start the nodes, listen, end them.

    Raises:
        NotAvailableError: No ROS is at hand, or this version of the node lacks a parameter.
        NodeEndedError: A node has ended.
        TimeoutError: Nothing was published.
    """
    _require_parameters(setting.emotion_node)
    _set_up_dds()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        topics = tuple(f"{camera.prefix}/emotions" for camera in setting.cameras)
        listener = BenchmarkProcess("emotions_listener", {}, directory / "listener.log", topics)
        node = InstalledNode(EMOTION_NODE, setting.emotion_node, directory / "emotion_node.log")  # type: ignore[arg-type]
        commands: list[NodeCommand] = [listener, node]
        for index, camera in enumerate(setting.cameras):
            log = directory / f"camera_{index}.log"
            commands.append(
                InstalledNode(IMAGE_SOURCE, camera.parameters, log, camera.namespace)  # type: ignore[arg-type]
            )
        if setting.viewed:
            log = directory / "viewer.log"
            viewed = (setting.viewed, "--images")
            commands.append(BenchmarkProcess("emotions_listener", {}, log, viewed))
        commands += setting.beside
        arrived = listener.output
        with running_nodes(commands) as processes:
            patience_ends_s = time.monotonic() + _START_PATIENCE_S
            while {a.topic for a in read_arrivals(arrived)} != set(topics):
                processes.require_alive()
                if time.monotonic() > patience_ends_s:
                    raise TimeoutError(
                        f"nothing was published in {_START_PATIENCE_S:g} s; emotion_node wrote:\n"
                        f"{node.log.read_text(errors='replace')}"
                    )
                time.sleep(_POLL_INTERVAL_S)
            time.sleep(setting.warm_up_s)
            first_s = time.time()
            process_id = _child_running(_executable(EMOTION_NODE))
            memory_mib = []
            while time.time() < first_s + setting.duration_s:
                processes.require_alive()
                memory_mib.append(_resident_mib(process_id))
                time.sleep(min(_MEMORY_INTERVAL_S, setting.duration_s))
            last_s = time.time()
        counted = [a for a in read_arrivals(arrived) if first_s <= a.arrival_s <= last_s]
        by_camera = tuple(tuple(a for a in counted if a.topic == topic) for topic in topics)
        return Observation(by_camera, tuple(memory_mib), node.log.read_text(errors="replace"))


def _require_parameters(parameters: Parameters) -> None:
    try:
        from glamor_ros.nodes.emotion.parameters import EMOTION_PARAMETERS
    except ImportError as error:
        raise NotAvailableError(f"the nodes need ROS 2 ({error}): `make setup`") from error
    known = {specification.name: specification for specification in EMOTION_PARAMETERS}
    for name, value in parameters.items():
        if name not in known:
            raise NotAvailableError(f"this version of emotion_node has no parameter {name!r}")
        choices = known[name].choices
        if choices and value not in choices:
            raise NotAvailableError(f"this version of emotion_node has no {name} {value!r}")


def _set_up_dds() -> None:
    """Shared memory alone, with room for whole images, in a domain of its own."""
    profile = str(share_directory() / "config" / "fastdds_shared_memory.xml")
    os.environ |= {
        "FASTDDS_BUILTIN_TRANSPORTS": "SHM",
        "FASTDDS_DEFAULT_PROFILES_FILE": profile,
        "FASTRTPS_DEFAULT_PROFILES_FILE": profile,
        "ROS_DOMAIN_ID": _DOMAIN_ID,
    }


def _executable(node: str) -> Path:
    """The program that `ros2 run glamor_ros` starts, as installed in this environment."""
    return Path(sys.prefix, "lib", PACKAGE, node)


def _child_running(program: Path) -> int:
    """The process id of this process's child that runs a program."""
    for tasks in Path("/proc/self/task").glob("*/children"):
        for process_id in map(int, tasks.read_text().split()):
            with suppress(OSError):
                if os.fsencode(program) in Path(f"/proc/{process_id}/cmdline").read_bytes().split(
                    b"\0"
                ):
                    return process_id
    raise ProcessLookupError(f"no child of this process runs {program}")


def _resident_mib(process_id: int) -> float:
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"the process {process_id} has ended")
