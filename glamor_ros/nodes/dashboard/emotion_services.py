"""The services of emotion_node that viewers use."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from ..common.services import ENABLE, RESET_PEOPLE
from .commands import CommandAnswer


class EmotionServices:
    """Clients of `enable` and `reset_people`.

    `run` may be called from any thread; rclpy is used in the node's executor alone.

    Args:
        node: Whose clients they are.
    """

    def __init__(self, node: Node) -> None:
        self._enable = node.create_client(ENABLE.service_type, ENABLE.name)
        self._reset = node.create_client(RESET_PEOPLE.service_type, RESET_PEOPLE.name)
        self._orders: deque[tuple[str, Future[CommandAnswer]]] = deque()
        self._has_orders = node.create_guard_condition(self._carry_out)
        self._is_paused: bool | None = None

    def run(self, command: str) -> Future[CommandAnswer]:
        """Carry out one of COMMANDS; what came of it will be in the future."""
        answer: Future[CommandAnswer] = Future()
        self._orders.append((command, answer))
        self._has_orders.trigger()
        return answer

    def status(self) -> Mapping[str, Any]:
        """Whether the services are there, and whether emotion_node is paused (None: not known)."""
        can_pause = self._enable.service_is_ready()
        if not can_pause:
            # Another emotion_node may come, which is not paused.
            self._is_paused = None
        return {
            "can_pause": can_pause,
            "can_reset": self._reset.service_is_ready(),
            "paused": self._is_paused,
        }

    def _carry_out(self) -> None:
        while self._orders:
            command, answer = self._orders.popleft()
            if not answer.set_running_or_notify_cancel():
                continue
            client, request = {
                "pause": (self._enable, SetBool.Request(data=False)),
                "resume": (self._enable, SetBool.Request(data=True)),
                "reset": (self._reset, Trigger.Request()),
            }[command]
            if not client.service_is_ready():
                answer.set_result(
                    CommandAnswer(False, f"No node offers the service {client.srv_name}.")
                )
                continue
            future = client.call_async(request)
            future.add_done_callback(
                lambda done, command=command, answer=answer: self._answered(command, done, answer)
            )

    def _answered(self, command: str, done: Any, answer: Future[CommandAnswer]) -> None:
        response = done.result()
        if response.success and command != "reset":
            self._is_paused = command == "pause"
        answer.set_result(CommandAnswer(bool(response.success), str(response.message)))
