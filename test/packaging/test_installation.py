"""What an installation puts where: the same from colcon and from pip."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from ament_index_python import get_package_prefix, get_resource
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import RegionOfInterest
from std_msgs.msg import Header

import glamor_ros.msg as msg

REPOSITORY = Path(__file__).resolve().parents[2]
EXECUTABLES = ("emotion_node", "image_source_node")
HEADER = "std_msgs/Header"
REGION = "sensor_msgs/RegionOfInterest"
FIELD_TYPES = {
    "PersonEmotion": {
        "header": HEADER,
        "person_id": "string",
        "face": REGION,
        "face_score": "float",
        "observed": "boolean",
        "searched": "boolean",
        "since_detection": "builtin_interfaces/Duration",
        "tracked_for": "builtin_interfaces/Duration",
        "emotion": "uint8",
        "emotion_name": "string",
        "unknown_reason": "string",
        "confidence": "float",
        "probabilities": "float[7]",
        "frame_probabilities": "float[7]",
        "valence": "float",
        "arousal": "float",
        "face_weight": "float",
        "context_weight": "float",
        "position": "geometry_msgs/Point",
    },
    "PersonEmotionArray": {
        "header": HEADER,
        "image_width": "uint32",
        "image_height": "uint32",
        "people": "sequence<glamor_ros/PersonEmotion>",
        "latency": "float",
    },
    "AttentionMap": {
        "header": HEADER,
        "person_id": "string",
        "region": REGION,
        "height": "uint32",
        "width": "uint32",
        "weights": "sequence<float>",
    },
    "AttentionMapArray": {"header": HEADER, "maps": "sequence<glamor_ros/AttentionMap>"},
}


@pytest.fixture
def prefix(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The prefix that the messages are installed in."""
    prefix = next(
        parent
        for parent in Path(str(msg.__file__)).parents
        if (parent / "share/glamor_ros/package.xml").is_file()
    )
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(prefix))
    return prefix


def test_the_resource_index_lists_the_package_and_its_interfaces(prefix: Path) -> None:
    assert Path(get_package_prefix("glamor_ros")) == prefix
    listed, _ = get_resource("rosidl_interfaces", "glamor_ros")
    assert {f"msg/{name}.msg" for name in FIELD_TYPES} <= set(listed.split())


@pytest.mark.parametrize("message", FIELD_TYPES)
def test_the_installed_definition_is_the_one_of_the_checkout(prefix: Path, message: str) -> None:
    # `ros2 interface show` prints this file, comments included.
    installed = prefix / "share/glamor_ros/msg" / f"{message}.msg"
    assert installed.read_text() == (REPOSITORY / "msg" / f"{message}.msg").read_text()


@pytest.mark.parametrize("message", FIELD_TYPES)
def test_field_types(message: str) -> None:
    assert getattr(msg, message).get_fields_and_field_types() == FIELD_TYPES[message]


def test_emotion_constants_follow_the_networks_class_order() -> None:
    from glamor_ros.network.emotions import EMOTIONS

    constants = [getattr(msg.PersonEmotion, name.upper()) for name in EMOTIONS]
    assert constants == list(range(7))
    assert msg.PersonEmotion.UNKNOWN == 255


def test_messages_survive_serialisation() -> None:
    header = Header(stamp=Time(sec=12, nanosec=345), frame_id="camera")
    region = RegionOfInterest(x_offset=1, y_offset=2, width=30, height=40)
    person = msg.PersonEmotion(
        header=header,
        person_id="person_1",
        face=region,
        face_score=1.5,
        observed=True,
        tracked_for=Duration(sec=3, nanosec=4),
        emotion=msg.PersonEmotion.SAD,
        emotion_name="Sad",
        unknown_reason="blurred",
        confidence=0.25,
        probabilities=[0.125, 0.125, 0.125, 0.125, 0.125, 0.25, 0.125],
        frame_probabilities=[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        valence=-0.5,
        arousal=0.5,
        face_weight=0.75,
        context_weight=0.25,
        position=Point(x=0.5, y=-0.25, z=2.0),
    )
    people = msg.PersonEmotionArray(
        header=header, image_width=640, image_height=480, people=[person, person], latency=0.0625
    )
    attention = msg.AttentionMap(
        header=header, person_id="person_1", region=region, height=2, width=1, weights=[0.25, 0.75]
    )
    maps = msg.AttentionMapArray(header=header, maps=[attention])

    message: Any
    for message in (people, maps):
        assert deserialize_message(serialize_message(message), type(message)) == message


@pytest.mark.parametrize("executable", EXECUTABLES)
def test_ros2_run_finds_the_executables(prefix: Path, executable: str) -> None:
    assert os.access(prefix / "lib/glamor_ros" / executable, os.X_OK)


@pytest.mark.parametrize("executable", EXECUTABLES)
@pytest.mark.parametrize("python_in_prefix", [True, False])
def test_executables_run_under_the_python_of_their_prefix_else_of_the_path(
    prefix: Path, tmp_path: Path, executable: str, python_in_prefix: bool
) -> None:
    installed = tmp_path / "prefix with a space/lib/glamor_ros" / executable
    installed.parent.mkdir(parents=True)
    shutil.copy(prefix / "lib/glamor_ros" / executable, installed)
    pythons = [tmp_path / "on_path/python3"]
    if python_in_prefix:
        pythons.append(installed.parents[2] / "bin/python3")
    for python in pythons:
        python.parent.mkdir(parents=True)
        python.write_text('#!/bin/sh\necho "$0"\nshift\nprintf "<%s>" "$@"\n')
        python.chmod(0o755)

    run = subprocess.run(
        [installed, "--ros-args", "a b"],
        env={"PATH": f"{pythons[0].parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == f"{pythons[-1]}\n<--ros-args><a b>"


@pytest.mark.parametrize("directory", ["config", "launch", "weights"])
def test_shared_files_are_installed(prefix: Path, directory: str) -> None:
    def files(base: Path) -> dict[str, int]:
        return {
            str(file.relative_to(base)): file.stat().st_size
            for file in base.rglob("*")
            if file.is_file() and file.suffix != ".pyc"
        }

    in_checkout = files(REPOSITORY / directory)
    assert in_checkout
    assert files(prefix / "share/glamor_ros" / directory) == in_checkout


def test_the_command_explains_itself(prefix: Path) -> None:
    run = subprocess.run(
        [prefix / "bin/glamor-ros", "--help"],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for command in ("predict", "import-weights", "demo"):
        assert command in run.stdout


def test_ros_and_python_metadata_name_the_same_version() -> None:
    manifest = ElementTree.parse(REPOSITORY / "package.xml").getroot()
    assert importlib.metadata.version("glamor_ros") == manifest.findtext("version")
