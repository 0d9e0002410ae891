"""Checks config/glamor.rviz and config/foxglove_layout.json by the sources of RViz and Lichtblick.

python .ci/check_view_files.py RVIZ LICHTBLICK

RVIZ and LICHTBLICK are checkouts of github.com/ros2/rviz (jazzy) and of
github.com/lichtblick-suite/lichtblick. Each class, property and value of a choice in the files must
be in the sources of the class that it is given to; what is not is printed, and the exit code is 1.
Neither program tells by itself: RViz leaves out an unknown class and ignores an unknown property.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

CONFIGURATION = Path(__file__).resolve().parent.parent / "config"

# What Display, ViewController and Tool read without a property, and the values of properties.
RVIZ_KEYS = {"Class", "Name", "Enabled", "Value"}

_DISPLAYS = "rviz_default_plugins/src/rviz_default_plugins/displays"
_TOPIC = (
    "rviz_common/include/rviz_common/ros_topic_display.hpp",
    "rviz_common/src/rviz_common/properties/qos_profile_property.cpp",
)
# Where the properties of each class are made: its own sources and those of its bases.
RVIZ_SOURCES = {
    "rviz_default_plugins/Grid": (f"{_DISPLAYS}/grid/grid_display.cpp",),
    "rviz_default_plugins/TF": (f"{_DISPLAYS}/tf/tf_display.cpp",),
    "rviz_default_plugins/MarkerArray": (f"{_DISPLAYS}/marker/marker_common.cpp", *_TOPIC),
    "rviz_default_plugins/Image": (f"{_DISPLAYS}/image/image_display.cpp", *_TOPIC),
    "rviz_default_plugins/Camera": (f"{_DISPLAYS}/camera/camera_display.cpp", *_TOPIC),
    "rviz_default_plugins/Orbit": (
        "rviz_default_plugins/src/rviz_default_plugins/view_controllers/orbit/"
        "orbit_view_controller.cpp",
        "rviz_common/src/rviz_common/view_controller.cpp",
        "rviz_common/src/rviz_common/frame_position_tracking_view_controller.cpp",
    ),
    "Global Options": ("rviz_common/src/rviz_common/visualization_manager.cpp",),
}
RVIZ_CHOICES = {"History Policy", "Reliability Policy", "Durability Policy", "Image Rendering"}
VECTORS = {"Offset", "Focal Point"}

_PANELS = "packages/suite-base/src/panels"
_RENDERER = (
    f"{_PANELS}/ThreeDeeRender/IRenderer.ts",
    f"{_PANELS}/ThreeDeeRender/camera.ts",
    f"{_PANELS}/ThreeDeeRender/settings.ts",
    f"{_PANELS}/ThreeDeeRender/renderables/Grids.ts",
)
LICHTBLICK_SOURCES = {
    "3D": _RENDERER,
    "Image": _RENDERER,
    "Plot": (f"{_PANELS}/Plot/utils/config.ts",),
    "DiagnosticSummary": (f"{_PANELS}/DiagnosticSummary/types.ts",),
    "RawMessages": (f"{_PANELS}/RawMessagesCommon/types.ts",),
}


def rviz_problems(sources: Path) -> Iterator[str]:
    """What RViz does not know, a line each."""
    file = yaml.safe_load((CONFIGURATION / "glamor.rviz").read_text())
    manager = file["Visualization Manager"]
    plugins = (sources / "rviz_default_plugins/plugins_description.xml").read_text()
    tools = [tool["Class"] for tool in manager["Tools"]]
    named = [*manager["Displays"], manager["Views"]["Current"], *({"Class": t} for t in tools)]
    for entry in named:
        if f'name="{entry["Class"]}"' not in plugins:
            yield f"RViz has no class {entry['Class']}"
    panels = (sources / "rviz_common/src/rviz_common/panel_factory.cpp").read_text()
    for panel in file["Panels"]:
        library, name = panel["Class"].split("/")
        if not re.search(rf'"{library}", "{name}"', panels):
            yield f"RViz has no panel {panel['Class']}"
    displays = [display["Name"] for display in manager["Displays"]]
    for display in manager["Displays"]:
        visible = display.pop("Visibility", {})
        for name in set(visible) - {"Value", *displays}:
            yield f"Visibility: there is no display {name}"
        yield from _property_problems(display["Class"], display, sources)
    view = manager["Views"]["Current"]
    yield from _property_problems(view["Class"], view, sources)
    yield from _property_problems("Global Options", manager["Global Options"], sources)


def _property_problems(class_id: str, given: dict[str, Any], sources: Path) -> Iterator[str]:
    text = "".join((sources / name).read_text() for name in RVIZ_SOURCES.get(class_id, ()))
    made = set(re.findall(r'Property\w*\(\s*"([^"]+)"', text))
    for path, value in _leaves(given):
        for name in path:
            if name not in made | RVIZ_KEYS:
                yield f"{class_id} has no property {name}"
        if path[-1] in RVIZ_CHOICES and f'"{value}"' not in text:
            yield f"{class_id}: {path[-1]} cannot be {value}"


def _leaves(tree: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict) and name not in VECTORS:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def lichtblick_problems(sources: Path) -> Iterator[str]:
    """What Lichtblick does not know, a line each."""
    layout = json.loads((CONFIGURATION / "foxglove_layout.json").read_text())
    known = set(
        re.findall(r'^\s+type: "(\w+)"', (sources / _PANELS / "index.ts").read_text(), re.MULTILINE)
    )
    shown = set(_shown(layout["layout"]))
    for panel in shown ^ set(layout["configById"]):
        yield f"{panel} is either not shown or not configured"
    for panel, settings in layout["configById"].items():
        panel_type = panel.split("!")[0]
        if panel_type not in known:
            yield f"Lichtblick has no panel {panel_type}"
        text = "".join(
            (sources / name).read_text() for name in LICHTBLICK_SOURCES.get(panel_type, ())
        )
        fields = set(re.findall(r"^\s+(\w+)\??:", text, re.MULTILINE))
        for key in _keys(settings):
            if key not in fields:
                yield f"the panel {panel_type} has no setting {key}"


def _shown(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    else:
        yield from _shown(node["first"])
        yield from _shown(node["second"])


def _keys(value: Any, is_map: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not is_map:
                yield key
            # The keys of these are names of topics and layers.
            yield from _keys(inner, is_map=key in ("topics", "layers"))
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def main(arguments: Sequence[str]) -> int:
    """Print the problems; 1 where there are some."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    rviz, lichtblick = map(Path, arguments)
    problems = [*rviz_problems(rviz), *lichtblick_problems(lichtblick)]
    print("\n".join(problems) or "every class, property and choice is in the sources")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
