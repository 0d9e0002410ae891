"""The heartbeat that nav2's lifecycle manager expects of the nodes it has activated.

The protocol is that of bond (https://wiki.ros.org/bond): both ends publish bond/msg/Status on one
topic under one id, `active` while they live; one that goes says so, and one that falls silent for
`heartbeat_timeout` is taken for dead. nav2 uses the topic `bond` and the node's name as the id.
"""

from __future__ import annotations

import uuid
from typing import Any

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile

TOPIC = "bond"
HEARTBEAT_TIMEOUT_S = 4.0
_DEPTH = 100


def bond_message_type() -> type[Any] | None:
    """bond/msg/Status; None where the package is not installed."""
    try:
        from bond.msg import Status
    except ImportError:
        return None
    status: type[Any] = Status
    return status


class Bond:
    """One end of a bond, from now to `break_off`.

    The other end need not be there. Where it breaks the bond, this end answers so and is silent
    from then on.

    Args:
        node: Whose life it shows.
        message_type: What bond_message_type gives.
        period_s: Between two heartbeats.
    """

    def __init__(self, node: Node, message_type: type[Any], period_s: float) -> None:
        self._node = node
        self._message_type = message_type
        self._period_s = period_s
        self._instance_id = str(uuid.uuid4())
        self._is_alive = True
        self._other_instance_id: str | None = None
        profile = QoSProfile(depth=_DEPTH)
        self._publisher = node.create_publisher(message_type, TOPIC, profile)
        self._subscription = node.create_subscription(message_type, TOPIC, self._on_status, profile)
        self._timer = node.create_timer(
            period_s, self._beat, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def break_off(self) -> None:
        """Tell the other end that this one goes, and let go of the topic."""
        if self._is_alive:
            self._publish(is_active=False)
        self._is_alive = False
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._subscription)
        self._node.destroy_publisher(self._publisher)

    def _beat(self) -> None:
        if self._is_alive:
            self._publish(is_active=True)

    def _on_status(self, status: Any) -> None:
        if status.id != self._node.get_name() or status.instance_id == self._instance_id:
            return
        if status.active:
            self._other_instance_id = status.instance_id
        # The last words of the other end of an earlier bond are none of this one's.
        elif status.instance_id == self._other_instance_id and self._is_alive:
            self._is_alive = False
            self._publish(is_active=False)

    def _publish(self, *, is_active: bool) -> None:
        status = self._message_type(
            id=self._node.get_name(),
            instance_id=self._instance_id,
            active=is_active,
            heartbeat_timeout=HEARTBEAT_TIMEOUT_S,
            heartbeat_period=self._period_s,
        )
        status.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(status)
