#!/usr/bin/env python3
"""The greeter's decisions as leaves of a behaviour tree (py_trees: `pip install py_trees`).

python3 greeter_leaf.py

A leaf succeeds while the greeter decides for its action; put the behaviour that does it behind the
leaf, in a sequence. `py_trees_ros.trees.BehaviourTree` hands its node to `setup` as `main` does.
"""

from __future__ import annotations

import time
from typing import Any

import py_trees
import rclpy
from greeter import Action, Greeter
from py_trees.common import Status
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from glamor_ros.msg import PersonEmotionArray


class IsDecided(py_trees.behaviour.Behaviour):
    """A condition: the greeter has decided for this action; about whom is in `person_id`."""

    def __init__(self, action: Action, greeter: Greeter) -> None:
        super().__init__(action.value)
        self.person_id = ""
        self._action = action
        self._greeter = greeter

    def update(self) -> Status:
        """Success where it has; else failure, with the decision in `feedback_message`."""
        decision = self._greeter.decide(time.monotonic())
        self.feedback_message = str(decision)
        self.person_id = decision.person_id
        return Status.SUCCESS if decision.action is self._action else Status.FAILURE


class Meeting(py_trees.composites.Selector):
    """A selector of one leaf for each action; the first that is decided for succeeds."""

    def __init__(self) -> None:
        self._greeter = Greeter(time.monotonic())
        leaves = [IsDecided(action, self._greeter) for action in Action]
        super().__init__("meeting", memory=False, children=leaves)

    def setup(self, **kwargs: Any) -> None:
        """Subscribe to `emotions` with the tree's `node`."""
        node: Node = kwargs["node"]
        node.create_subscription(PersonEmotionArray, "emotions", self._see, 1)

    def _see(self, message: PersonEmotionArray) -> None:
        self._greeter.see(message.people, time.monotonic())


def main() -> None:
    """Tick the tree ten times a second and log what it says anew, until interrupted."""
    rclpy.init()
    node = Node("greeter_tree")
    tree = py_trees.trees.BehaviourTree(Meeting())
    tree.setup(node=node)
    said = ""

    def tick() -> None:
        nonlocal said
        tree.tick()
        leaf = tree.tip()
        if leaf is not None and leaf.feedback_message != said:
            said = leaf.feedback_message
            node.get_logger().info(said)

    steady = rclpy.clock.Clock(clock_type=rclpy.clock.ClockType.STEADY_TIME)
    node.create_timer(0.1, tick, clock=steady)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
