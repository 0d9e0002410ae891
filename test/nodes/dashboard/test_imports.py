"""What the dashboard does without."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded(module: str, among: tuple[str, ...]) -> set[str]:
    script = f"import sys, {module}; print(*(m for m in {among!r} if m in sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_the_node_needs_no_torch() -> None:
    assert loaded("glamor_ros.nodes.dashboard.executable", ("torch", "scipy", "rclpy")) == {"rclpy"}


@pytest.mark.parametrize("name", ["hub", "server", "viewer_connection", "access_guard"])
def test_the_web_knows_nothing_of_ros(name: str) -> None:
    pytest.importorskip("uvicorn")
    ros = ("rclpy", "sensor_msgs", "std_msgs", "glamor_ros.msg")
    assert loaded(f"glamor_ros.nodes.dashboard.{name}", ros) == set()
