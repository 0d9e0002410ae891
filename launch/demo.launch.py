"""The launch file for a first look: two people in a photograph, found and read, in a browser.

ros2 launch glamor_ros demo.launch.py
ros2 launch glamor_ros demo.launch.py source:=video.mp4 rviz:=true
"""

from __future__ import annotations

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

GLAMOR_LAUNCH_FILE = Path(__file__).resolve().parent / "glamor.launch.py"

# Where the demonstration differs from glamor.launch.py, which has all other arguments too.
DEFAULTS = {
    "source": ("demo", "demo, a webcam's number, or the path of a video, an image or a folder"),
    "dashboard": ("true", "start dashboard_node: a page at http://127.0.0.1:8080/"),
    "markers": ("true", "start markers_node: heads and emotions as RViz markers"),
}


def generate_launch_description() -> LaunchDescription:
    """glamor.launch.py with other defaults."""
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=value, description=description)
                for name, (value, description) in DEFAULTS.items()
            ),
            IncludeLaunchDescription(PythonLaunchDescriptionSource(str(GLAMOR_LAUNCH_FILE))),
        ]
    )
