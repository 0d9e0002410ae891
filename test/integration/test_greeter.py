"""The example planners on the emotions of the real node, alive and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header, String

from glamor_ros.messages.image_encoding import image_message

from .ros_peer import Camera, NodeProcess, Peer, wait_for

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def run_example(peer: Peer, tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Starts an example; gives its log."""
    running: list[subprocess.Popen[bytes]] = []

    def run(name: str) -> Path:
        path = tmp_path / f"{name}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, EXAMPLES / name],
                stdout=log,
                stderr=log,
                env={**os.environ, "ROS_DOMAIN_ID": str(peer.domain_id)},
            )
        running.append(process)
        return path

    yield run
    for process in running:
        process.send_signal(signal.SIGINT)
    assert [process.wait(20) for process in running] == [0] * len(running)


def test_nobody_then_somebody_then_the_end_of_perception(
    peer: Peer,
    start_node: Callable[..., NodeProcess],
    run_example: Callable[[str], Path],
    two_faces: NDArray[np.uint8],
    no_face: NDArray[np.uint8],
) -> None:
    decisions: list[str] = []

    def hear(message: Any) -> None:
        decisions.append(message.data)

    profile = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    subscription = peer.node.create_subscription(String, "decision", hear, profile)
    logs = [run_example("greeter.py")]
    if find_spec("py_trees"):
        logs.append(run_example("greeter_leaf.py"))
    perception = start_node("emotion_node")

    def wait_for_words(words: str, image: NDArray[np.uint8] | None) -> None:
        def are_said() -> bool:
            if image is not None:
                camera.publish(image_message(image, Header()))
                time.sleep(0.1)
            return all(words in said for said in (*decisions[-1:], *(p.read_text() for p in logs)))

        wait_for(are_said, f"{words!r} of everybody; so far: {decisions}")

    with Camera(peer) as camera:
        camera.wait_for_subscriber()
        wait_for_words("wait: nobody in view", no_face)
        wait_for_words("greet person_", two_faces)
        perception.send_signal(signal.SIGKILL)
        perception.wait()
        wait_for_words("wait: perception is dead", None)
    peer.node.destroy_subscription(subscription)
