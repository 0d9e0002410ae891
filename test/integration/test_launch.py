"""The launch file under launch_ros, where that is installed."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from visualization_msgs.msg import MarkerArray

from glamor_ros.msg import PersonEmotionArray
from glamor_ros.resources import share_directory

from .ros_peer import PATIENCE_S, Peer, wait_for

pytestmark = pytest.mark.integration

pytest.importorskip("launch_ros", reason="launch_ros is not installed")

PREFIX = str(share_directory().parents[1])
RVIZ_FILE = share_directory() / "config" / "glamor.rviz"
LAUNCH_FILE = share_directory() / "launch" / "glamor.launch.py"
DEMO_LAUNCH_FILE = share_directory() / "launch" / "demo.launch.py"

# In the place of programs that cannot be had: tells its arguments, and waits for Ctrl-C if it is a
# camera's driver.
STAND_IN = f"""#!{sys.executable}
import signal, sys, threading
end = threading.Event()
signal.signal(signal.SIGINT, lambda *_: end.set())
print(sys.argv[0].rpartition("/")[2], "got", *sys.argv[1:], flush=True)
sys.argv[0].endswith("/rviz2") or end.wait()
"""

# What `ros2 launch` does without a terminal; it is in a package of its own.
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
service = LaunchService(noninteractive=True)
service.include_launch_description(LaunchDescription([included]))
sys.exit(service.run())
"""


class Launch:
    """A running launch file, and what it has printed.

    Of ROS packages it finds this one and those of the prefixes.
    """

    def __init__(
        self, folder: Path, domain_id: int, *arguments: str, prefixes: Sequence[str] = ()
    ) -> None:
        self._log = folder / "launch.txt"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", LAUNCHER, str(LAUNCH_FILE), *arguments],
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "AMENT_PREFIX_PATH": os.pathsep.join([*prefixes, PREFIX]),
                    "ROS_DOMAIN_ID": str(domain_id),
                    "ROS_LOG_DIR": str(folder),
                },
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def process_ids(self, node: str) -> list[int]:
        """Of a node, in the order in which they were started."""
        return [
            int(number)
            for number in re.findall(
                rf"\[{node}-\d+\]: process started with pid \[(\d+)\]", self.log
            )
        ]

    def wait(self) -> int:
        """The exit code, once it has ended."""
        return self._process.wait(PATIENCE_S)

    def stop(self) -> int:
        """The exit code after Ctrl-C."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self.wait()


def module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.name.partition(".")[0], path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def start_launch(peer: Peer, tmp_path: Path) -> Iterator[Callable[..., Launch]]:
    """Starts the launch file with arguments; what still runs is ended."""
    started: list[Launch] = []

    def start(*arguments: str, prefixes: Sequence[str] = ()) -> Launch:
        started.append(Launch(tmp_path, peer.domain_id, *arguments, prefixes=prefixes))
        return started[-1]

    yield start
    for launch in started:
        launch.stop()


def test_arguments_are_described() -> None:
    arguments, demo = (
        module_of(path).generate_launch_description().get_launch_arguments()
        for path in (LAUNCH_FILE, DEMO_LAUNCH_FILE)
    )

    assert all(argument.description for argument in [*arguments, *demo])
    assert {argument.name for argument in demo} == {argument.name for argument in arguments}


def test_a_camera_is_launched_and_started_anew_until_ctrl_c(
    peer: Peer, start_launch: Callable[..., Launch], random_weights: Path, tmp_path: Path
) -> None:
    own_file = tmp_path / "own.yaml"
    own_file.write_text(
        "/**/emotion_node:\n  ros__parameters:\n"
        "    min_face_size_px: 20\n    smoothing_time_constant_s: 2.0\n"
        "/**/image_source_node:\n  ros__parameters:\n    width: 320\n    height: 240\n"
    )
    launched = start_launch(
        *("namespace:=robot", "image:=/front/image_raw", "source:=demo_one", "respawn:=true"),
        *(f"params_file:={own_file}", f"weights:={random_weights}", "detector_upsample:=1"),
        *("image_transport:=compressed", "detection_interval_s:=0.25", "smothing:=1", "devise:=x"),
    )
    results, subscription = peer.collect(PersonEmotionArray, "/robot/emotions")
    wait_for(lambda: results and len(results[-1].people) == 1, "a person")

    # Arguments win over the file, and the file over defaults.
    names = ["detection_interval_s", "min_face_size_px", "smoothing_time_constant_s", "detector"]
    assert peer.parameter_values("/robot/emotion_node", names) == [0.25, 20, 2.0, "mmod"]
    # Each node has its own section of the file.
    assert results[-1].image_width == 320
    # The images are beside their camera_info, wherever they are.
    assert peer.node.count_publishers("/front/camera_info") == 1
    assert peer.node.count_publishers("/front/image_raw/compressed") == 1
    assert peer.node.count_subscribers("/front/image_raw/compressed") == 1
    assert peer.node.count_subscribers("/front/image_raw") == 0
    assert "there is no argument devise, which was given: is device meant?" in launched.log
    assert "smothing" not in launched.log
    assert "there is no parameter" not in launched.log

    os.kill(launched.process_ids("image_source_node")[0], signal.SIGKILL)
    wait_for(
        lambda: len(launched.process_ids("image_source_node")) == 2, "the camera, started anew"
    )
    results.clear()
    wait_for(lambda: results, "people of the new camera")

    assert launched.stop() == 0
    assert len(launched.process_ids("emotion_node")) == 1
    assert launched.log.count("process has finished cleanly") == 2
    peer.node.destroy_subscription(subscription)


def test_a_node_that_dies_ends_the_launch_with_an_error(
    start_launch: Callable[..., Launch],
) -> None:
    launch = start_launch("source:=demo", "detection:=everything")

    assert launch.wait() == 1
    assert "emotion_node-2 has ended with exit code 2" in launch.log
    assert "detection is 'everything'; it must be one of: " in launch.log
    assert re.search(r"\[image_source_node-1\]: process has finished cleanly", launch.log)


def stand_in(prefix: Path, package: str, executable: str) -> None:
    """An installed package with an executable."""
    marker = prefix / "share/ament_index/resource_index/packages" / package
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    path = prefix / "lib" / package / executable
    path.parent.mkdir(parents=True)
    path.write_text(STAND_IN)
    path.chmod(0o755)


def test_driver_and_rviz_get_the_camera_s_topics(
    start_launch: Callable[..., Launch], random_weights: Path, tmp_path: Path
) -> None:
    prefix = tmp_path / "ros"
    stand_in(prefix, "usb_cam", "usb_cam_node_exe")
    stand_in(prefix, "rviz2", "rviz2")

    launch = start_launch(
        *("namespace:=robot", "image:=front/image_raw", f"weights:={random_weights}"),
        *("driver:=usb_cam", "video_device:=/dev/video7", "rviz:=true", "fixed_frame:=base_link"),
        prefixes=[str(prefix)],
    )

    wait_for(lambda: "[rviz2-3]: process has finished cleanly" in launch.log, "RViz, closed")
    wait_for(lambda: "usb_cam_node_exe got" in launch.log, "the driver")
    wait_for(lambda: "waiting for images on /robot/front/image_raw" in launch.log, "emotion_node")
    (driver,) = re.findall(r"usb_cam_node_exe got (.*)", launch.log)
    (rviz,) = re.findall(r"rviz2 got (.*)", launch.log)
    (file,) = re.findall(r"--params-file (\S+)", driver)
    given = yaml.safe_load(Path(file).read_text())["/robot/usb_cam"]["ros__parameters"]
    assert given == {"video_device": "/dev/video7", "frame_id": "camera_optical_frame"}
    for topic, name in (
        ("image_raw", "image_raw"),
        ("image_raw/compressed", "image_raw/compressed"),
        ("camera_info", "camera_info"),
    ):
        assert f"-r {topic}:=/robot/front/{name} " in f"{driver} "
    assert f"-d {RVIZ_FILE} -f base_link " in rviz
    for topic, name in (
        ("image", "front/image_raw"),
        ("camera_info", "front/camera_info"),
        ("annotated_image", "annotated_image"),
        ("markers", "markers"),
    ):
        assert f"-r /{topic}:=/robot/{name} " in f"{rviz} "
    # Closing RViz ends nothing, and Ctrl-C the rest.
    assert launch.stop() == 0
    assert launch.log.count("process has finished cleanly") == 3


without_hri_msgs = pytest.mark.skipif(
    importlib.util.find_spec("hri_msgs") is not None, reason="hri_msgs is installed"
)


@pytest.mark.parametrize(
    ("argument", "package"),
    [
        ("driver:=v4l2_camera", "v4l2_camera"),
        ("rviz:=true", "rviz2"),
        pytest.param("hri:=true", "hri_msgs", marks=without_hri_msgs),
        pytest.param("face_source:=hri", "hri_msgs", marks=without_hri_msgs),
    ],
)
def test_a_package_that_is_not_installed_is_named(
    start_launch: Callable[..., Launch], argument: str, package: str
) -> None:
    launch = start_launch(argument)

    assert launch.wait() == 1
    assert f"{argument}: the package {package} is not installed" in launch.log
    assert "process started" not in launch.log


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["params_file:=/nowhere/own.yaml"], "params_file: there is no file /nowhere/own.yaml"),
        (["driver:=usb_cam", "source:=demo"], "source and driver both give images"),
        (["cameras:=front,rear", "image:=/camera/image_raw"], "write {camera} where the name"),
        (["cameras:=front,rear", "driver:=usb_cam"], "driver:=usb_cam starts one camera"),
    ],
)
def test_what_cannot_be_launched_is_said_first(
    start_launch: Callable[..., Launch], arguments: list[str], complaint: str
) -> None:
    launch = start_launch(*arguments)

    assert launch.wait() == 1
    assert complaint in launch.log
    assert "process started" not in launch.log


def test_several_cameras_have_their_topics_in_namespaces(
    peer: Peer, start_launch: Callable[..., Launch], random_weights: Path
) -> None:
    launch = start_launch(
        *("namespace:=robot", "cameras:=[front, rear]", "image:=/{camera}_camera/image_raw"),
        *("source:=demo", f"weights:={random_weights}"),
    )
    front, front_subscription = peer.collect(PersonEmotionArray, "/robot/front/emotions")
    rear, rear_subscription = peer.collect(PersonEmotionArray, "/robot/rear/emotions")

    wait_for(lambda: front and rear, "people of both cameras")

    for camera in ("front", "rear"):
        assert peer.node.count_publishers(f"/{camera}_camera/camera_info") == 1
        assert peer.node.count_publishers(f"/{camera}_camera/image_raw") == 1
    assert launch.stop() == 0
    for subscription in (front_subscription, rear_subscription):
        peer.node.destroy_subscription(subscription)


def test_markers_and_dashboard_show_the_launched_camera(
    peer: Peer, start_launch: Callable[..., Launch], tmp_path: Path
) -> None:
    own_file = tmp_path / "own.yaml"
    own_file.write_text("/**/dashboard_node:\n  ros__parameters:\n    port: 0\n")
    launch = start_launch(
        *("namespace:=robot", "cameras:=front", "source:=demo_one", "markers:=true"),
        *("dashboard:=true", f"params_file:={own_file}"),
    )
    shown, subscription = peer.collect(MarkerArray, "/robot/front/markers")
    wait_for(lambda: shown, "markers")
    wait_for(lambda: "the dashboard is at " in launch.log, "the dashboard's address")

    (address,) = re.findall(r"the dashboard is at (\S+)", launch.log)
    with urllib.request.urlopen(address) as page:
        assert page.status == 200
    assert {marker.header.frame_id for marker in shown[0].markers} == {"camera_optical_frame"}
    assert peer.parameter_values("/robot/dashboard_node", ["cameras", "port"]) == [["front"], 0]
    assert launch.stop() == 0
    assert launch.log.count("process has finished cleanly") == 4
    peer.node.destroy_subscription(subscription)


def test_with_faces_of_ros4hri_hri_node_adds_expressions_alone(
    peer: Peer, start_launch: Callable[..., Launch], random_weights: Path
) -> None:
    pytest.importorskip("hri_msgs", reason="hri_msgs is not installed")
    launch = start_launch("hri:=true", "face_source:=hri", f"weights:={random_weights}")

    wait_for(lambda: "waiting for images" in launch.log, "emotion_node")

    assert peer.parameter_values("/emotion_node", ["face_source"]) == ["hri"]
    assert peer.parameter_values("/hri_node", ["publish_faces"]) == [False]
    assert launch.stop() == 0
