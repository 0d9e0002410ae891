"""The services of emotion_node: one table for the node, its clients and the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from std_srvs.srv import SetBool, Trigger

from glamor_ros.srv import RecognizePeople


@dataclass(frozen=True)
class ServiceSpec:
    """One service of a node.

    Attributes:
        name: Relative to the node's namespace.
        service_type: Of its requests and responses.
        description: What it does, for the documentation.
    """

    name: str
    service_type: type[Any]
    description: str

    @property
    def type_name(self) -> str:
        """As in `ros2 service list -t`, without the middle part: package/Service."""
        return f"{self.service_type.__module__.split('.')[0]}/{self.service_type.__name__}"


ENABLE = ServiceSpec(
    "enable",
    SetBool,
    "False pauses the node: it unsubscribes from its cameras and publishes no people, while the "
    "networks stay loaded. True lets it go on.",
)
RESET_PEOPLE = ServiceSpec(
    "reset_people",
    Trigger,
    "Forgets everybody in view of all cameras. Who is still there becomes somebody new; ids are "
    "not used again.",
)
RECOGNIZE_PEOPLE = ServiceSpec(
    "recognize_people",
    RecognizePeople,
    "The people in one image that comes with the request, also while the node is paused. Nobody "
    "whom the node follows is touched.",
)
EMOTION_SERVICES = (ENABLE, RESET_PEOPLE, RECOGNIZE_PEOPLE)
