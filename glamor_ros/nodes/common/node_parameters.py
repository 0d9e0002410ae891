"""A node's parameters: declared from a table, and changed only to what the node can use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from .parameter_spec import Changes, ParameterSpec, ParameterValue

ParameterValues = Mapping[str, ParameterValue]


class NodeParameters:
    """Declares the parameters of a node and guards their changes.

    check: raises ValueError where values do not go together. apply: takes changed values over.
    may_reconfigure: says whether parameters that count in configure may be set now.

    Raises InvalidParameterValueException or InvalidParameterTypeException for a value given at the
    start that is refused.
    """

    def __init__(
        self,
        node: Node,
        specs: Sequence[ParameterSpec],
        *,
        check: Callable[[ParameterValues], object],
        apply: Callable[[ParameterValues], None] = lambda values: None,
        may_reconfigure: Callable[[], bool] = lambda: True,
    ) -> None:
        self._node = node
        self._specs = {spec.name: spec for spec in specs}
        self._check = check
        self._apply = apply
        self._may_reconfigure = may_reconfigure
        for spec in specs:
            value = node.declare_parameter(spec.name, spec.default, spec.descriptor()).value
            if problem := spec.problem_with(value):
                raise InvalidParameterValueException(spec.name, value, problem)
        try:
            check(self.values())
        except ValueError as error:
            raise InvalidParameterValueException("parameters", "as given", str(error)) from error
        # A post-set callback would be the place to apply changes, but Humble's rclpy has none.
        node.add_on_set_parameters_callback(self._on_set)

    def values(self) -> dict[str, ParameterValue]:
        """All parameters of the table as they are now."""
        return {name: self._node.get_parameter(name).value for name in self._specs}

    def _on_set(self, parameters: list[Parameter]) -> SetParametersResult:
        changed = {p.name: p.value for p in parameters if p.name in self._specs}
        try:
            for name, value in changed.items():
                self._require_allowed(self._specs[name], value)
            if changed:
                values = {**self.values(), **changed}
                self._check(values)
                self._apply(values)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _require_allowed(self, spec: ParameterSpec, value: ParameterValue) -> None:
        if problem := spec.problem_with(value):
            raise ValueError(problem)
        is_new = value != self._node.get_parameter(spec.name).value
        if is_new and spec.changes is Changes.UNCONFIGURED and not self._may_reconfigure():
            raise ValueError(
                f"{spec.name} counts when the node is configured: deactivate the node and clean it "
                "up (ros2 lifecycle set ...), then set it"
            )
