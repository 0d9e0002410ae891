"""The documentation of the nodes' parameters and topics, made from the tables they are made from.

python -m glamor_ros.nodes.documentation SECTION     (one of SECTIONS; prints it)
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from .common import topics
from .common.parameter_spec import ParameterSpec, ParameterValue
from .common.topics import TopicSpec
from .dashboard.parameters import DASHBOARD_PARAMETERS
from .emotion.parameters import EMOTION_PARAMETERS
from .hri.parameters import HRI_PARAMETERS
from .image_source.parameters import IMAGE_SOURCE_PARAMETERS

_COMMENT_WIDTH = 96


def parameter_table(specs: Sequence[ParameterSpec]) -> str:
    """Markdown."""
    rows = [
        (
            f"`{spec.name}`",
            f"`{_yaml_value(spec.default)}`",
            spec.allowed,
            spec.changes.value,
            spec.description,
        )
        for spec in specs
    ]
    return _table(("Parameter", "Default", "Allowed", "May be set", "Meaning"), rows)


def topic_table(specs: Sequence[TopicSpec]) -> str:
    """Markdown."""
    rows = [(f"`{spec.name}`", f"`{spec.type_name}`", spec.description) for spec in specs]
    return _table(("Topic", "Type", "Content"), rows)


def parameters_file(specs: Sequence[ParameterSpec]) -> str:
    """A parameter file with all defaults, whatever the node's name and namespace."""
    lines = [
        "# The parameters of emotion_node and their defaults. Generated from the node's own table:",
        "#   python -m glamor_ros.nodes.documentation parameters_file > config/glamor.yaml",
        "/**:",
        "  ros__parameters:",
    ]
    for spec in specs:
        notes = f"Allowed: {spec.allowed}. " if spec.allowed else ""
        comment = f"{spec.description} {notes}May be set {spec.changes.value}."
        lines.append("")
        lines += [f"    # {line}" for line in textwrap.wrap(comment, _COMMENT_WIDTH - 6)]
        lines.append(f"    {spec.name}: {_yaml_value(spec.default)}")
    return "\n".join(lines) + "\n"


SECTIONS: Mapping[str, Callable[[], str]] = {
    "emotion_node_parameters": partial(parameter_table, EMOTION_PARAMETERS),
    "emotion_node_inputs": partial(topic_table, topics.EMOTION_INPUTS),
    "emotion_node_outputs": partial(topic_table, topics.EMOTION_OUTPUTS),
    "image_source_node_parameters": partial(parameter_table, IMAGE_SOURCE_PARAMETERS),
    "image_source_node_outputs": partial(topic_table, topics.SOURCE_OUTPUTS),
    "dashboard_node_parameters": partial(parameter_table, DASHBOARD_PARAMETERS),
    "hri_node_parameters": partial(parameter_table, HRI_PARAMETERS),
    "parameters_file": partial(parameters_file, EMOTION_PARAMETERS),
}


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _yaml_value(value: ParameterValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml_value, value))}]"
    return f'"{value}"' if value == "" else str(value)


def main(arguments: Sequence[str]) -> int:
    """Print one section."""
    if len(arguments) != 1 or arguments[0] not in SECTIONS:
        print(f"give one of: {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    print(SECTIONS[arguments[0]](), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
