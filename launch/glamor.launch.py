"""Start emotion_node on a camera's images; with `source`, a camera of one's own beside it.

ros2 launch glamor_ros glamor.launch.py image:=/camera/image_raw
ros2 launch glamor_ros glamor.launch.py source:=demo
"""

from pathlib import Path

import yaml
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

PARAMETERS_FILE = Path(__file__).resolve().parent.parent / "config" / "glamor.yaml"

# Parameters of emotion_node that are arguments too. An argument left empty leaves the parameter to
# the file: a default here would win over the user's own file.
OVERRIDABLE = {
    "weights": (str, "path of a GLAMOR-Net checkpoint (.safetensors)"),
    "device": (str, "where the networks run: auto, cpu, cuda or cuda:N"),
    "context_mode": (str, "shared or per_person: whose faces are masked in the context"),
    "detector": (str, "face detector: mmod, yunet, dlib_cnn or dlib_hog"),
    "detection": (str, "sparse or full: what mmod searches in each image"),
    "detector_upsample": (int, "how often the image is doubled before detection"),
    "detection_interval_s": (float, "time between two runs of the detector"),
    "image_transport": (str, "raw or compressed"),
    "image_reliability": (str, "auto, reliable or best_effort"),
    "autostart": (bool, "whether the node activates by itself"),
}


def generate_launch_description() -> LaunchDescription:
    """Described arguments and the nodes."""
    defaults = yaml.safe_load(PARAMETERS_FILE.read_text())["/**/emotion_node"]["ros__parameters"]
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "image",
                default_value="image",
                description="topic of the camera's images, without /compressed",
            ),
            DeclareLaunchArgument(
                "namespace", default_value="", description="namespace of the nodes and their topics"
            ),
            DeclareLaunchArgument(
                "params_file",
                default_value=str(PARAMETERS_FILE),
                description="file with the parameters of emotion_node",
            ),
            *(
                DeclareLaunchArgument(
                    name,
                    default_value="",
                    description=f"{text} (empty: as in params_file, which ships with "
                    f"'{defaults[name]}')",
                )
                for name, (_, text) in OVERRIDABLE.items()
            ),
            DeclareLaunchArgument(
                "source",
                default_value="",
                description="start image_source_node too, with this source: demo, a webcam's "
                "number, or the path of a video, an image or a folder (empty: do not)",
            ),
            DeclareLaunchArgument(
                "log_level", default_value="info", description="debug, info, warn, error or fatal"
            ),
            OpaqueFunction(function=_nodes),
        ]
    )


def _nodes(context: LaunchContext) -> list[Node]:
    nodes = [_emotion_node(context)]
    if LaunchConfiguration("source").perform(context):
        nodes.append(_image_source_node())
    return nodes


def _emotion_node(context: LaunchContext) -> Node:
    given = {
        name: ParameterValue(LaunchConfiguration(name), value_type=value_type)
        for name, (value_type, _) in OVERRIDABLE.items()
        if LaunchConfiguration(name).perform(context)
    }
    return Node(
        package="glamor_ros",
        executable="emotion_node",
        namespace=LaunchConfiguration("namespace"),
        parameters=[LaunchConfiguration("params_file"), given],
        remappings=[("image", LaunchConfiguration("image"))],
        arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
        output="screen",
    )


def _image_source_node() -> Node:
    return Node(
        package="glamor_ros",
        executable="image_source_node",
        namespace=LaunchConfiguration("namespace"),
        parameters=[{"source": ParameterValue(LaunchConfiguration("source"), value_type=str)}],
        remappings=[("image", LaunchConfiguration("image"))],
        output="screen",
    )
