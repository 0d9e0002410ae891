"""A process that runs one node until it is done or told to end."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Protocol, cast

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

SIGNAL_CHECK_INTERVAL_S = 0.2
KILL_AFTER_S = 5.0


class ProcessNode(Protocol):
    """What run_node needs of a node, besides being an rclpy Node."""

    def start(self) -> bool:
        """Begin to work. False: it cannot, and the reason has been logged."""
        ...

    @property
    def exit_code(self) -> int | None:
        """None while there is something to do."""
        ...

    def shut_down(self) -> None:
        """Stop the node's threads and let go of what it holds."""
        ...

    def destroy_node(self) -> None:
        """As every rclpy node has it."""
        ...


def run_node(make_node: Callable[[], ProcessNode], args: list[str] | None = None) -> int:
    """Run a node as this process's only purpose; returns the exit code.

    0: ended by SIGINT, SIGTERM or because it was done. 1: it could not start, or failed. 2: its
    arguments or parameters cannot be used; the reason is printed.
    """
    must_end = _termination_request()
    try:
        # rclpy's own handlers would shut the context down under the running node.
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        print(f"cannot use the arguments: {error}", file=sys.stderr)
        return 2
    try:
        return _run(make_node, must_end)
    finally:
        rclpy.try_shutdown()


def _run(make_node: Callable[[], ProcessNode], must_end: threading.Event) -> int:
    try:
        node = make_node()
    except ParameterException as error:
        rclpy.logging.get_logger("glamor_ros").fatal(f"cannot use a parameter: {error}")
        return 2
    try:
        if must_end.is_set():
            return 0
        if not node.start():
            return 1
        executor = SingleThreadedExecutor()
        executor.add_node(cast(Node, node))
        # rcl's wait is not interrupted by a signal, hence the interval.
        while not must_end.is_set() and node.exit_code is None:
            executor.spin_once(timeout_sec=SIGNAL_CHECK_INTERVAL_S)
        executor.shutdown()
        return node.exit_code or 0
    finally:
        node.shut_down()
        node.destroy_node()


def _termination_request() -> threading.Event:
    """An event that the first SIGINT or SIGTERM sets.

    Repeats within KILL_AFTER_S are ignored: a terminal's Ctrl-C and the launcher that passes it on
    reach a node twice. A later one ends the process at once.

    The handlers stay until the process ends: a signal that comes while Python shuts down must not
    turn a clean end into a failure.
    """
    event = threading.Event()
    requested_s = math.inf

    def request(number: int, frame: FrameType | None) -> None:
        nonlocal requested_s
        if not event.is_set():
            requested_s = time.monotonic()
            event.set()
        elif time.monotonic() - requested_s > KILL_AFTER_S:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, request)
    return event
