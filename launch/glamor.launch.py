"""The launch file for a robot: emotion_node on a camera's images, and what is asked for beside it.

ros2 launch glamor_ros glamor.launch.py image:=/camera/image_raw
ros2 launch glamor_ros glamor.launch.py driver:=v4l2_camera markers:=true rviz:=true
ros2 launch glamor_ros glamor.launch.py cameras:=front,rear image:=/{camera}_camera/image_raw
ros2 launch glamor_ros glamor.launch.py source:=demo dashboard:=true
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, Shutdown
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

CONFIGURATION = Path(__file__).resolve().parent.parent / "config"
PARAMETERS_FILE = CONFIGURATION / "glamor.yaml"
RVIZ_FILE = CONFIGURATION / "glamor.rviz"

RESPAWN_DELAY_S = 2.0

# Above what the names of this file's arguments resemble one another.
MISSPELLING_SIMILARITY = 0.8

# As in glamor.rviz and image_source_node.
CAMERA_FRAME = "camera_optical_frame"

# Parameters of emotion_node that are arguments too. An argument left empty leaves the parameter to
# the file: a default here would win over the user's own file.
OVERRIDABLE = {
    "weights": (str, "path of a GLAMOR-Net checkpoint (.safetensors)"),
    "device": (str, "where the networks run: auto, cpu, cuda or cuda:N"),
    "context_mode": (str, "shared or per_person: whose faces are masked in the context"),
    "face_source": (str, "detector, or hri: faces that a ROS4HRI node publishes (REP-155)"),
    "detector": (str, "face detector: mmod, yunet, dlib_cnn or dlib_hog"),
    "detection": (str, "sparse or full: what mmod searches in each image"),
    "detector_upsample": (int, "how often the image is doubled before detection"),
    "detection_interval_s": (float, "time between two runs of the detector"),
    "image_transport": (str, "raw or compressed: where the camera's images are taken from"),
    "image_reliability": (str, "auto, reliable or best_effort"),
    "autostart": (bool, "whether the node activates by itself"),
}


# launch does not put this file into sys.modules, which data classes need.
class Driver(NamedTuple):
    """A camera driver's package for USB cameras.

    Attributes:
        executable: In the package.
        frame_parameter: The parameter that names the frame of its images.
    """

    executable: str
    frame_parameter: str


DRIVERS = {
    "v4l2_camera": Driver("v4l2_camera_node", "camera_frame_id"),
    "usb_cam": Driver("usb_cam_node_exe", "frame_id"),
}


def generate_launch_description() -> LaunchDescription:
    """Described arguments, and the nodes as the arguments ask for them."""
    arguments = list(_arguments())
    names = [argument.name for argument in arguments]
    return LaunchDescription(
        [
            *arguments,
            OpaqueFunction(function=_name_misspelt_arguments, args=[names]),
            OpaqueFunction(function=_nodes),
        ]
    )


def _arguments() -> Iterator[DeclareLaunchArgument]:
    yield DeclareLaunchArgument(
        "image",
        default_value="image",
        description="topic of the camera's images, without /compressed; camera_info is beside it. "
        "With several cameras {camera} stands for the name of each",
    )
    yield DeclareLaunchArgument(
        "cameras",
        default_value="",
        description="names of several cameras, as front,rear: each has its topics in a namespace "
        "of its name (empty: one camera, without a name)",
    )
    yield DeclareLaunchArgument(
        "depth",
        default_value="",
        description="topic of depth images aligned with the images, for people's positions "
        "(empty: positions follow from the faces' sizes); {camera} as for image",
    )
    # Every value as it is written.
    shipped = yaml.load(PARAMETERS_FILE.read_text(), Loader=yaml.BaseLoader)
    defaults = shipped["/**/emotion_node"]["ros__parameters"]
    for name, (_, text) in OVERRIDABLE.items():
        yield DeclareLaunchArgument(
            name,
            default_value="",
            description=f"{text} (empty: as params_file has it, as shipped '{defaults[name]}')",
        )
    yield DeclareLaunchArgument(
        "source",
        default_value="",
        description="start image_source_node, for each camera, with this source: demo, a webcam's "
        "number, or the path of a video, an image or a folder (empty: do not)",
    )
    yield DeclareLaunchArgument(
        "driver",
        default_value="",
        choices=["", *DRIVERS],
        description="start this package's camera driver, which must be installed (empty: do not)",
    )
    yield DeclareLaunchArgument(
        "video_device", default_value="/dev/video0", description="the driver's camera"
    )
    yield _switch("markers", "start markers_node: heads and emotions as RViz markers")
    yield _switch("hri", "start hri_node: faces and expressions as ROS4HRI has them (REP-155)")
    yield _switch("dashboard", "start dashboard_node: a page at http://127.0.0.1:8080/")
    yield _switch("rviz", "open RViz, which must be installed; closing it ends nothing else")
    yield DeclareLaunchArgument(
        "rviz_config", default_value=str(RVIZ_FILE), description="what RViz shows"
    )
    yield DeclareLaunchArgument(
        "fixed_frame",
        default_value=CAMERA_FRAME,
        description="frame that RViz shows everything in: the camera's, or one that tf ties to it",
    )
    yield DeclareLaunchArgument(
        "namespace", default_value="", description="namespace of the nodes and their topics"
    )
    yield DeclareLaunchArgument(
        "params_file",
        default_value=str(PARAMETERS_FILE),
        description="file with the parameters of all nodes",
    )
    yield _switch(
        "respawn",
        f"start what has ended anew after {RESPAWN_DELAY_S:g} s; false: the end of a node ends all",
    )
    yield _switch("use_sim_time", "take the time from /clock, for recordings and simulations")
    yield DeclareLaunchArgument(
        "log_level", default_value="info", description="debug, info, warn, error or fatal"
    )


def _switch(name: str, description: str) -> DeclareLaunchArgument:
    return DeclareLaunchArgument(
        name,
        default_value="false",
        choices=["true", "false", "True", "False"],
        description=description,
    )


def _name_misspelt_arguments(context: LaunchContext, known: list[str]) -> None:
    # launch takes any argument without a word.
    for name in context.launch_configurations:
        close = difflib.get_close_matches(name, known, 1, MISSPELLING_SIMILARITY)
        if name not in known and close:
            get_logger("glamor.launch.py").warning(
                f"there is no argument {name}, which was given: is {close[0]} meant?"
            )


def _nodes(context: LaunchContext) -> list[Node]:
    return list(_Launch(context).nodes())


class _Launch:
    """The nodes of one launch, from the values of its arguments."""

    def __init__(self, context: LaunchContext) -> None:
        self._context = context
        self._namespace = _joined(
            context.launch_configurations.get("ros_namespace", ""), self._text("namespace")
        )
        self._parameters_file = Path(self._text("params_file")).expanduser()
        self._cameras = self._camera_names()
        self._check()

    def nodes(self) -> Iterator[Node]:
        """All that the arguments ask for."""
        if self._text("source"):
            yield from map(self._image_source_node, self._cameras)
        if driver := self._text("driver"):
            yield self._driver(driver)
        yield self._emotion_node()
        if self._is_on("markers"):
            yield self._node("markers_node", self._given("cameras"))
        if self._is_on("hri"):
            given = self._given("cameras", "image_transport", "image_reliability")
            if self._text("face_source") == "hri":
                given["publish_faces"] = False
            yield self._node("hri_node", given, self._image_remappings())
        if self._is_on("dashboard"):
            given = self._given("cameras", "image_transport", "image_reliability")
            yield self._node("dashboard_node", given, self._image_remappings())
        if self._is_on("rviz"):
            yield self._rviz()

    def _text(self, name: str) -> str:
        return str(LaunchConfiguration(name).perform(self._context))

    def _is_on(self, name: str) -> bool:
        return self._text(name).lower() == "true"

    def _camera_names(self) -> list[str]:
        names = [name.strip() for name in self._text("cameras").strip("[]").split(",")]
        return [name for name in names if name] or [""]

    def _check(self) -> None:
        if not self._parameters_file.is_file():
            raise RuntimeError(f"params_file: there is no file {self._parameters_file}")
        several = len(self._cameras) > 1
        for argument, without in (("image", "image"), ("depth", "")):
            topic = self._text(argument)
            if several and topic != without and "{camera}" not in topic:
                raise RuntimeError(
                    f"{argument} is {topic} for {len(self._cameras)} cameras: write {{camera}} "
                    f"where the name of each belongs, as {argument}:=/{{camera}}/{argument}_raw"
                )
        driver = self._text("driver")
        if driver and self._text("source"):
            raise RuntimeError("source and driver both give images: use one of them")
        if driver and several:
            raise RuntimeError(
                f"driver:={driver} starts one camera, and cameras names {len(self._cameras)}: "
                "start the drivers by yourself, and say by image where they publish"
            )
        if driver:
            _require(driver, f"driver:={driver}")
        if self._is_on("hri"):
            _require("hri_msgs", "hri:=true")
        if self._text("face_source") == "hri":
            _require("hri_msgs", "face_source:=hri")
        if self._is_on("rviz"):
            _require("rviz2", "rviz:=true")
            rviz_config = Path(self._text("rviz_config"))
            if not rviz_config.is_file():
                raise RuntimeError(f"rviz_config: there is no file {rviz_config}")

    def _given(self, *names: str) -> dict[str, ParameterValue | list[str] | bool]:
        """Parameters from the arguments of these names, without those left empty; all: no names."""
        given: dict[str, ParameterValue | list[str] | bool] = {
            name: ParameterValue(LaunchConfiguration(name), value_type=value_type)
            for name, (value_type, _) in OVERRIDABLE.items()
            if self._text(name) and (not names or name in names)
        }
        if self._cameras != [""]:
            given["cameras"] = self._cameras
        return given

    def _image(self, camera: str) -> str:
        image = self._text("image")
        if image == "image":
            return _joined(self._namespace, camera, image)
        return self._camera_topic(image, camera)

    def _camera_topic(self, topic: str, camera: str) -> str:
        return _joined(self._namespace, topic.replace("{camera}", camera))

    def _image_remappings(self) -> list[tuple[str, str]]:
        """For nodes whose topics are those of several cameras."""
        return [(_of_camera(camera, "image"), self._image(camera)) for camera in self._cameras]

    def _node(
        self,
        executable: str,
        given: dict[str, ParameterValue | list[str] | bool],
        remappings: list[tuple[str, str]] | None = None,
        namespace: str = "",
    ) -> Node:
        # With its full name launch_ros writes the parameters given for this node alone, which wins
        # over the patterns of a file.
        return Node(
            package="glamor_ros",
            executable=executable,
            name=executable,
            namespace=namespace or self._namespace,
            parameters=[str(self._parameters_file), {**self._sim_time(), **given}],
            remappings=remappings,
            ros_arguments=["--log-level", self._text("log_level")],
            **self._life(),
        )

    def _emotion_node(self) -> Node:
        given, remappings = self._given(), self._image_remappings()
        if depth := self._text("depth"):
            given["use_depth"] = True
            remappings += [
                (_of_camera(camera, "depth"), self._camera_topic(depth, camera))
                for camera in self._cameras
            ]
        return self._node("emotion_node", given, remappings)

    def _image_source_node(self, camera: str) -> Node:
        image = self._image(camera)
        given = {"source": ParameterValue(LaunchConfiguration("source"), value_type=str)}
        if self._text("image_transport") == "compressed":
            given["publish_compressed"] = True
        return self._node(
            "image_source_node",
            given,
            [("image", image), ("camera_info", _beside(image))],
            _joined(self._namespace, camera),
        )

    def _driver(self, name: str) -> Node:
        image = self._image(self._cameras[0])
        return Node(
            package=name,
            executable=DRIVERS[name].executable,
            name=name,
            namespace=self._namespace,
            parameters=[
                {
                    "video_device": self._text("video_device"),
                    DRIVERS[name].frame_parameter: CAMERA_FRAME,
                }
            ],
            remappings=[
                ("image_raw", image),
                ("image_raw/compressed", f"{image}/compressed"),
                ("camera_info", _beside(image)),
            ],
            **self._life(),
        )

    def _rviz(self) -> Node:
        # The file has the names of a camera without a namespace; the first of several is shown.
        camera = self._cameras[0]
        image = self._image(camera)
        shown = {
            "image": image,
            "image/compressed": f"{image}/compressed",
            "camera_info": _beside(image),
            **{
                topic: _joined(self._namespace, camera, topic)
                for topic in ("annotated_image", "attention_image", "markers")
            },
        }
        return Node(
            package="rviz2",
            executable="rviz2",
            namespace=self._namespace,
            arguments=["-d", self._text("rviz_config"), "-f", self._text("fixed_frame")],
            parameters=[self._sim_time()],
            remappings=[(f"/{topic}", name) for topic, name in shown.items()],
            output="screen",
        )

    def _sim_time(self) -> dict[str, bool]:
        return {"use_sim_time": True} if self._is_on("use_sim_time") else {}

    def _life(self) -> dict[str, object]:
        if self._is_on("respawn"):
            return {"output": "screen", "respawn": True, "respawn_delay": RESPAWN_DELAY_S}
        return {"output": "screen", "on_exit": [OpaqueFunction(function=_end_launch)]}


def _end_launch(context: LaunchContext) -> list[Shutdown]:
    ended = context.locals.event
    if context.is_shutdown:
        return []
    if ended.returncode == 0:
        return [Shutdown(reason=f"{ended.process_name} has ended")]
    # An error is what makes launch end with an exit code that is not 0.
    raise RuntimeError(f"{ended.process_name} has ended with exit code {ended.returncode}")


def _require(package: str, argument: str) -> None:
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        raise RuntimeError(
            f"{argument}: the package {package} is not installed; on Ubuntu: "
            f"sudo apt install ros-$ROS_DISTRO-{package.replace('_', '-')}"
        ) from None


def _joined(*names: str) -> str:
    """The absolute name; an absolute one among the names leaves out those before it."""
    path = ""
    for name in filter(None, names):
        path = name.rstrip("/") if name.startswith("/") else f"{path}/{name.rstrip('/')}"
    return path or "/"


def _of_camera(camera: str, topic: str) -> str:
    return f"{camera}/{topic}" if camera else topic


def _beside(image: str) -> str:
    """The camera_info of an image topic, as image_transport has it."""
    return f"{image.rpartition('/')[0]}/camera_info"
