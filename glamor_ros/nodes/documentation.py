"""The documentation of the nodes' parameters and topics, made from the tables they are made from.

python -m glamor_ros.nodes.documentation SECTION     (one of SECTIONS; prints it)
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from .common import services, topics
from .common.parameter_spec import ParameterSpec, ParameterValue
from .common.services import ServiceSpec
from .common.topics import TopicSpec
from .dashboard.parameters import DASHBOARD_PARAMETERS
from .emotion.parameters import EMOTION_PARAMETERS
from .hri.parameters import HRI_PARAMETERS
from .image_source.parameters import IMAGE_SOURCE_PARAMETERS
from .markers.parameters import MARKERS_PARAMETERS

_COMMENT_WIDTH = 96


@dataclass(frozen=True)
class NodeTables:
    """What a node declares.

    Attributes:
        parameters: In the order of their documentation.
        topics: Of each kind, "inputs" or "outputs", that is documented.
        services: What it can be asked.
    """

    parameters: Sequence[ParameterSpec]
    topics: Mapping[str, Sequence[TopicSpec]]
    services: Sequence[ServiceSpec] = ()


# By the nodes' names, in the order of the parameter file.
NODES: Mapping[str, NodeTables] = {
    "emotion_node": NodeTables(
        EMOTION_PARAMETERS,
        {"inputs": topics.EMOTION_INPUTS, "outputs": topics.EMOTION_OUTPUTS},
        services.EMOTION_SERVICES,
    ),
    "markers_node": NodeTables(
        MARKERS_PARAMETERS, {"inputs": topics.MARKERS_INPUTS, "outputs": topics.MARKERS_OUTPUTS}
    ),
    "hri_node": NodeTables(HRI_PARAMETERS, {}),
    "dashboard_node": NodeTables(DASHBOARD_PARAMETERS, {}),
    "image_source_node": NodeTables(IMAGE_SOURCE_PARAMETERS, {"outputs": topics.SOURCE_OUTPUTS}),
}


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


def service_table(specs: Sequence[ServiceSpec]) -> str:
    """Markdown."""
    rows = [(f"`{spec.name}`", f"`{spec.type_name}`", spec.description) for spec in specs]
    return _table(("Service", "Type", "What it does"), rows)


def parameters_file(nodes: Mapping[str, NodeTables]) -> str:
    """A parameter file with all defaults, for all the nodes in whatever namespace.

    `/**/NAME` is rcl's pattern for a node of that name in any namespace, or in none.
    """
    lines = [
        "# The nodes' parameters and their defaults. A section counts for the nodes of its name,",
        "# in any namespace: the file can be given to each node. Generated from the nodes' tables:",
        "#   python -m glamor_ros.nodes.documentation parameters_file > config/glamor.yaml",
    ]
    for name, tables in nodes.items():
        lines += ["", f"/**/{name}:", "  ros__parameters:"]
        for spec in tables.parameters:
            notes = f"Allowed: {spec.allowed}. " if spec.allowed else ""
            comment = f"{spec.description} {notes}May be set {spec.changes.value}."
            lines.append("")
            lines += [f"    # {line}" for line in textwrap.wrap(comment, _COMMENT_WIDTH - 6)]
            lines.append(f"    {spec.name}: {_yaml_value(spec.default)}")
    return "\n".join(lines) + "\n"


def _sections() -> Iterator[tuple[str, Callable[[], str]]]:
    for name, tables in NODES.items():
        yield f"{name}_parameters", partial(parameter_table, tables.parameters)
        for kind, specs in tables.topics.items():
            yield f"{name}_{kind}", partial(topic_table, specs)
        if tables.services:
            yield f"{name}_services", partial(service_table, tables.services)
    yield "parameters_file", partial(parameters_file, NODES)


SECTIONS: Mapping[str, Callable[[], str]] = dict(_sections())


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
