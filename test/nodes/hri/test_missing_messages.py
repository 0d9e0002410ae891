"""What happens where hri_msgs is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def without_hri_msgs(tmp_path: Path) -> dict[str, str]:
    """An environment in which hri_msgs cannot be imported."""
    (tmp_path / "hri_msgs.py").write_text("raise ImportError('no hri_msgs here')\n")
    return {**os.environ, "PYTHONPATH": str(tmp_path), "FASTDDS_BUILTIN_TRANSPORTS": "SHM"}


def test_the_node_says_what_to_install(without_hri_msgs: dict[str, str]) -> None:
    node = subprocess.run(
        [sys.executable, "-m", "glamor_ros.nodes.hri.executable"],
        env=without_hri_msgs,
        capture_output=True,
        text=True,
    )

    assert node.returncode == 1
    assert "install hri_msgs" in node.stderr
    assert "no hri_msgs here" in node.stderr
    assert "Traceback" not in node.stderr


def test_it_is_needed_for_nothing_else(without_hri_msgs: dict[str, str]) -> None:
    modules = (
        "glamor_ros.nodes.emotion.lifecycle_node",
        "glamor_ros.nodes.documentation",
        "glamor_ros.messages.rep155",
    )
    script = "; ".join(f"import {module}" for module in modules)

    subprocess.run([sys.executable, "-c", script], env=without_hri_msgs, check=True)


def test_the_node_needs_no_torch() -> None:
    pytest.importorskip("hri_msgs.msg", reason="hri_msgs is not installed")
    script = (
        "import sys, glamor_ros.nodes.hri.executable, glamor_ros.nodes.hri.camera; "
        "print('torch' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert answer.stdout.strip() == "False", answer.stderr
