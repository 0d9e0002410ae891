"""A node's parameters: declared from a table, and changed only to what the node can use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from .parameter_spec import Changes, ParameterSpec, ParameterValue

# Above what the parameters of this package's nodes resemble one another's.
MISSPELLING_SIMILARITY = 0.8

ParameterValues = Mapping[str, Any]


class NodeParameters:
    """The parameters of a node, declared from a table and guarded from then on.

    A value is judged by itself. What does not go together is no reason for a refusal: a parameter
    file sets one value after the other, in its own order.

    Args:
        node: Whose parameters they are.
        specs: The table.
        apply: Takes changed values over, once they are set.
        may_reconfigure: Whether parameters that count in configure may be set now.

    Raises:
        InvalidParameterValueException: A value given at the start is refused.
        InvalidParameterTypeException: It has another type.
    """

    def __init__(
        self,
        node: Node,
        specs: Sequence[ParameterSpec],
        *,
        apply: Callable[[ParameterValues], None] = lambda values: None,
        may_reconfigure: Callable[[], bool] = lambda: True,
    ) -> None:
        self._node = node
        self._specs = {spec.name: spec for spec in specs}
        self._apply = apply
        self._may_reconfigure = may_reconfigure
        for spec in specs:
            value = node.declare_parameter(spec.name, spec.default, spec.descriptor()).value
            if problem := spec.problem_with(value):
                raise InvalidParameterValueException(spec.name, value, problem)
        if hasattr(node, "add_post_set_parameters_callback"):
            node.add_on_set_parameters_callback(self._on_set)
            node.add_post_set_parameters_callback(self._after_set)
        else:
            # Humble's rclpy. The first callback added is called last: nobody refuses after it.
            node.add_on_set_parameters_callback(self._on_set_and_apply)

    def values(self) -> dict[str, Any]:
        """All parameters of the table as they are now."""
        return {name: self._node.get_parameter(name).value for name in self._specs}

    def _changed(self, parameters: Sequence[Parameter]) -> dict[str, ParameterValue]:
        return {p.name: p.value for p in parameters if p.name in self._specs}

    def _on_set(self, parameters: list[Parameter]) -> SetParametersResult:
        for name, value in self._changed(parameters).items():
            if problem := self._problem_with(self._specs[name], value):
                return SetParametersResult(successful=False, reason=problem)
        return SetParametersResult(successful=True)

    def _after_set(self, parameters: list[Parameter]) -> None:
        if self._changed(parameters):
            self._apply(self.values())

    def _on_set_and_apply(self, parameters: list[Parameter]) -> SetParametersResult:
        result = self._on_set(parameters)
        changed = self._changed(parameters)
        if result.successful and changed:
            self._apply({**self.values(), **changed})
        return result

    def _problem_with(self, spec: ParameterSpec, value: ParameterValue) -> str | None:
        is_new = value != self._node.get_parameter(spec.name).value
        if is_new and spec.changes is Changes.UNCONFIGURED and not self._may_reconfigure():
            return (
                f"{spec.name} counts when the node is configured: deactivate the node and clean it "
                "up (ros2 lifecycle set ...), then set it"
            )
        return spec.problem_with(value)


@dataclass(frozen=True)
class UnknownParameter:
    """A parameter that was given at the start and that the node does not have.

    Attributes:
        name: As given.
        meant: The parameter that it is a misspelling of, by its looks; None: of none.
    """

    name: str
    meant: str | None


def unknown_parameters(node: Node) -> list[UnknownParameter]:
    """The parameters given to a node at its start that it has not declared.

    Files for `/**` may hold parameters of other nodes, which are no mistake: these are told apart
    from misspellings by whether they resemble a parameter of this node.
    """
    # rclpy has no public access to what was given, save by declaring all of it.
    given = getattr(node, "_parameter_overrides", {})
    known = list(node.list_parameters([], 0).names)
    unknown = []
    for name in given:
        if not node.has_parameter(name) and not name.startswith("qos_overrides."):
            close = difflib.get_close_matches(name, known, 1, MISSPELLING_SIMILARITY)
            unknown.append(UnknownParameter(name, close[0] if close else None))
    return unknown


def name_unknown_parameters(node: Node) -> None:
    """Log the parameters given to a node that it has not declared; misspellings as warnings."""
    for unknown in unknown_parameters(node):
        if unknown.meant is not None:
            node.get_logger().warning(
                f"there is no parameter {unknown.name}, which was given: is {unknown.meant} meant?"
            )
        else:
            node.get_logger().info(
                f"the parameter {unknown.name}, which was given, is none of this node's"
            )
