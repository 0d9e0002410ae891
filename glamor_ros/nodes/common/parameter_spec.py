"""What a node's parameters are: one table to declare, to check and to document them."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

# A list is one of strings.
ParameterValue = bool | int | float | str | list[str]


class Changes(enum.Enum):
    """When a parameter may be set."""

    AT_START = "at start only"
    UNCONFIGURED = "before configure"
    ANY_TIME = "at any time"


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a node.

    Attributes:
        name: As ROS has it.
        default: Its value where nobody gives one; its type is the parameter's.
        description: A sentence or more for the documentation.
        changes: When it may be set.
        minimum: Of a number.
        maximum: Of a number.
        choices: The values that a string may have; empty: any.
        is_text_or_integer: Whether a string may be given as an integer, which the command line
            makes of one that looks so.
        problem: Why a value is refused for a reason of its own; None: it is not.
    """

    name: str
    default: ParameterValue
    description: str
    changes: Changes
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    is_text_or_integer: bool = False
    problem: Callable[[ParameterValue], str | None] = lambda value: None

    @property
    def allowed(self) -> str:
        """The allowed values in words; empty where there is no limit."""
        if self.choices:
            return ", ".join(self.choices)
        if self.minimum is None or self.maximum is None:
            return ""
        return f"{self.minimum:g} to {self.maximum:g}"

    def descriptor(self) -> ParameterDescriptor:
        """As `ros2 param describe` and rqt_reconfigure show it."""
        descriptor = ParameterDescriptor(
            name=self.name,
            description=self.description,
            read_only=self.changes is Changes.AT_START,
            dynamic_typing=self.is_text_or_integer,
        )
        if self.choices:
            descriptor.additional_constraints = f"one of: {self.allowed}"
        if self.minimum is not None and self.maximum is not None:
            if isinstance(self.default, int):
                limits = IntegerRange(from_value=int(self.minimum), to_value=int(self.maximum))
                descriptor.integer_range = [limits]
            else:
                limits = FloatingPointRange(from_value=self.minimum, to_value=self.maximum)
                descriptor.floating_point_range = [limits]
        return descriptor

    def problem_with(self, value: ParameterValue) -> str | None:
        """Why the value is refused, beyond ROS's own checks of type and range; None: it is not."""
        if self.choices and value not in self.choices:
            return f"{self.name} is '{value}'; it must be one of: {self.allowed}"
        if self.is_text_or_integer and not isinstance(value, (str, int)):
            return f"{self.name} is {value!r}; it must be text or an integer"
        return self.problem(value)
