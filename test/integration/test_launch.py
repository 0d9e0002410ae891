"""The launch file under launch_ros, where that is installed."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from glamor_ros.msg import PersonEmotionArray
from glamor_ros.nodes.emotion.parameters import EMOTION_PARAMETERS
from glamor_ros.resources import share_directory

from .ros_peer import PATIENCE_S, Peer, wait_for

pytestmark = pytest.mark.integration

pytest.importorskip("launch_ros", reason="launch_ros is not installed")

LAUNCH_FILE = share_directory() / "launch" / "glamor.launch.py"

# What `ros2 launch` does, which is in a package of its own.
LAUNCHER = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

path, *arguments = sys.argv[1:]
included = IncludeLaunchDescription(
    PythonLaunchDescriptionSource(path),
    launch_arguments=[argument.split(":=", 1) for argument in arguments],
)
service = LaunchService()
service.include_launch_description(LaunchDescription([included]))
sys.exit(service.run())
"""


@pytest.fixture(scope="module")
def launch_file() -> ModuleType:
    spec = importlib.util.spec_from_file_location("glamor_launch", LAUNCH_FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def launched(peer: Peer, random_weights: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Both nodes, with a parameter file of the user's own."""
    own_file = tmp_path / "own.yaml"
    own_file.write_text(
        "/**:\n  ros__parameters:\n    min_face_size_px: 40\n    smoothing_time_constant_s: 2.0\n"
    )
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", LAUNCHER, str(LAUNCH_FILE)),
            *("namespace:=robot", "image:=/front/image_raw", "source:=demo_one"),
            *(f"params_file:={own_file}", f"weights:={random_weights}"),
            "detection_interval_s:=0.25",
        ],
        cwd=tmp_path,
        env={**os.environ, "ROS_DOMAIN_ID": str(peer.domain_id), "ROS_LOG_DIR": str(tmp_path)},
    )
    yield process
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0


def test_arguments_are_described_and_have_the_types_of_the_parameters(
    launch_file: ModuleType,
) -> None:
    arguments = launch_file.generate_launch_description().get_launch_arguments()
    types = {spec.name: type(spec.default) for spec in EMOTION_PARAMETERS}

    assert all(argument.description for argument in arguments)
    assert {"image", "namespace", "params_file", "source", *launch_file.OVERRIDABLE} <= {
        argument.name for argument in arguments
    }
    for name, (value_type, _) in launch_file.OVERRIDABLE.items():
        assert value_type is types[name]


def test_arguments_win_over_the_file_and_the_file_over_defaults(
    peer: Peer, launched: subprocess.Popen[bytes]
) -> None:
    results, subscription = peer.collect(PersonEmotionArray, "/robot/emotions")

    wait_for(lambda: results and len(results[-1].people) == 1, "a person")

    names = ["detection_interval_s", "min_face_size_px", "smoothing_time_constant_s", "detector"]
    assert peer.parameter_values("/robot/emotion_node", names) == [0.25, 40, 2.0, "mmod"]
    assert peer.node.count_publishers("/front/image_raw") == 1
    assert peer.node.count_subscribers("/front/image_raw") == 1
    peer.node.destroy_subscription(subscription)
