"""What the node says of itself once a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.qos import QoSProfile

from ..common.managed_node import ManagedNode
from ..common.topics import DIAGNOSTICS
from .health import CameraHealth, Health, HealthLimits

INTERVAL_S = 1.0


class DiagnosticsOutput:
    """The topic `/diagnostics`: a status of the node and one of each camera.

    They are named as diagnostic_updater names them, `node: part`. The timer runs on a steady
    clock, since ROS time may stand still; messages come in every state of the node.

    Args:
        node: The publisher's, whose state is told.
        describe: What is loaded and how it runs, by name; empty while nothing is.
        stage_times_s: The mean time of each stage since it was last called.
        limits: What still is well.
        is_paused: Whether the node is paused.

    Attributes:
        cameras: Those at work, none while the node is not active.
    """

    def __init__(
        self,
        node: ManagedNode,
        *,
        describe: Callable[[], Mapping[str, str]],
        stage_times_s: Callable[[], Mapping[str, float]],
        limits: Callable[[], HealthLimits],
        is_paused: Callable[[], bool],
    ) -> None:
        self.cameras: Sequence[CameraHealth] = ()
        self._node = node
        self._describe = describe
        self._stage_times_s = stage_times_s
        self._limits = limits
        self._is_paused = is_paused
        # Not a lifecycle publisher: that a node waits or has given up is worth saying.
        self._publisher = node.create_publisher(
            DIAGNOSTICS.message_type, DIAGNOSTICS.name, QoSProfile(depth=DIAGNOSTICS.depth)
        )
        self._timer = node.create_timer(
            INTERVAL_S, self._publish, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def _publish(self) -> None:
        described = self._describe()
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.status.append(
            self._status("networks", self._node_health(described), described.get("device", ""))
        )
        limits, is_paused = self._limits(), self._is_paused()
        for camera in self.cameras:
            health = camera.judge(limits, is_paused=is_paused)
            message.status.append(self._status(camera.name or "camera", health, camera.topic_name))
        self._publisher.publish(message)

    def _node_health(self, described: Mapping[str, str]) -> Health:
        times = {
            f"time {stage} [ms]": f"{mean_s * 1e3:.2f}"
            for stage, mean_s in self._stage_times_s().items()
        }
        state = self._node.state_label
        level, message = DiagnosticStatus.OK, state
        if self._node.failure is not None:
            level, message = DiagnosticStatus.ERROR, self._node.failure
        elif not self._node.is_active:
            level = DiagnosticStatus.WARN
        elif self._is_paused():
            message = "paused"
        return Health(level, message, {"state": state, **described, **times})

    def _status(self, part: str, health: Health, hardware_id: str) -> DiagnosticStatus:
        full_name = self._node.get_fully_qualified_name().lstrip("/")
        return DiagnosticStatus(
            level=health.level,
            name=f"{full_name}: {part}",
            message=health.message,
            hardware_id=hardware_id,
            values=[KeyValue(key=key, value=value) for key, value in health.values.items()],
        )
