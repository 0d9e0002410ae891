"""The launch files and what RViz and Foxglove show, beside the nodes that they are for.

The files are read, not run, and launch need not be installed: test/integration/test_launch.py runs
them.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from glamor_ros.nodes.common import topics
from glamor_ros.nodes.documentation import NODES
from glamor_ros.nodes.image_source.parameters import IMAGE_SOURCE_PARAMETERS

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = (REPOSITORY / "docs" / "launch.md").read_text()
RVIZ = yaml.safe_load((REPOSITORY / "config" / "glamor.rviz").read_text())
LAYOUT = json.loads((REPOSITORY / "config" / "foxglove_layout.json").read_text())
# What one camera without a namespace has, as both views name it.
SHOWN_TOPICS = {
    f"/{spec.name.lstrip('/')}"
    for spec in (*topics.EMOTION_OUTPUTS, *topics.SOURCE_OUTPUTS, *topics.MARKERS_OUTPUTS)
    if not spec.name.endswith("/compressed")
}


def tree_of(name: str) -> ast.Module:
    return ast.parse((REPOSITORY / "launch" / name).read_text())


def constants(name: str) -> dict[str, Any]:
    """The values of a launch file's constants, types by their names."""
    found: dict[str, Any] = {}
    for node in tree_of(name).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
    return found


def string_arguments(tree: ast.Module, *functions: str) -> Iterator[str]:
    """The first argument, where it is a string, of each call of one of these functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func
            if getattr(called, "id", getattr(called, "attr", None)) in functions:
                yield str(node.args[0].value)


def overridable() -> dict[str, str]:
    """The parameters that are arguments, and their types."""
    table = constants("glamor.launch.py")["OVERRIDABLE"]
    return {
        ast.literal_eval(k): v.elts[0].id for k, v in zip(table.keys, table.values, strict=True)
    }


def test_arguments_for_parameters_are_parameters_of_the_node() -> None:
    types = {spec.name: type(spec.default).__name__ for spec in NODES["emotion_node"].parameters}

    assert overridable().items() <= types.items()


def test_the_page_names_every_argument() -> None:
    declared = set(
        string_arguments(tree_of("glamor.launch.py"), "DeclareLaunchArgument", "_switch")
    )
    rows = re.findall(r"^\| (`.*?) \|", PAGE[: PAGE.index("## When a node ends")], re.MULTILINE)

    assert len(declared) > 10
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == declared | overridable().keys()


def test_the_demonstration_has_arguments_of_the_other_file() -> None:
    defaults = ast.literal_eval(constants("demo.launch.py")["DEFAULTS"])
    declared = set(
        string_arguments(tree_of("glamor.launch.py"), "DeclareLaunchArgument", "_switch")
    )

    assert set(defaults) <= declared


def test_every_node_is_started_by_an_argument_and_has_a_section_of_parameters() -> None:
    executables = {path.name for path in (REPOSITORY / "scripts").glob("*_node")}

    assert len(executables) > 2
    assert executables <= set(string_arguments(tree_of("glamor.launch.py"), "_node"))
    assert executables == NODES.keys()


def test_the_page_s_parameters_are_the_nodes_own() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    sections = yaml.safe_load(example)

    assert sections
    for section, content in sections.items():
        known = {spec.name for spec in NODES[section.removeprefix("/**/")].parameters}
        assert content["ros__parameters"].keys() <= known


def test_rviz_shows_the_nodes_topics_in_the_camera_s_frame() -> None:
    manager = RVIZ["Visualization Manager"]
    shown = {d["Topic"]["Value"] for d in manager["Displays"] if "Topic" in d}
    (frame,) = (spec.default for spec in IMAGE_SOURCE_PARAMETERS if spec.name == "frame_id")

    assert shown == {"/annotated_image", "/attention_image", "/markers", "/image"}
    assert shown <= SHOWN_TOPICS
    assert manager["Global Options"]["Fixed Frame"] == frame
    assert ast.literal_eval(constants("glamor.launch.py")["CAMERA_FRAME"]) == frame


def test_foxglove_shows_the_same_topics() -> None:
    text = json.dumps(LAYOUT["configById"])
    named = set(re.findall(r'"(/\w+)["/.]', text))

    assert named == SHOWN_TOPICS - {"/attention"}
    assert LAYOUT["configById"]["3D!people"]["topics"] == {"/markers": {"visible": True}}
