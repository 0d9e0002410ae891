"""The heartbeat of emotion_node, with the tests in the place of nav2's lifecycle manager."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition
from rclpy.qos import QoSProfile

from .ros_peer import NodeProcess, Peer, wait_for

pytestmark = pytest.mark.integration
bond = pytest.importorskip("bond.msg", reason="the package bond is not installed")

NODE = "/emotion_node"


class Manager:
    """The other end of the bond, as bondcpp in nav2's lifecycle manager is."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._publisher = peer.node.create_publisher(bond.Status, "bond", QoSProfile(depth=5))
        self._heard, self._subscription = peer.collect(bond.Status, "bond")

    def say(self, is_active: bool, instance_id: str = "manager", of: str = "emotion_node") -> None:
        self._publisher.publish(
            bond.Status(id=of, instance_id=instance_id, active=is_active, heartbeat_timeout=4.0)
        )

    def heard(self) -> list[Any]:
        return [status for status in list(self._heard) if status.instance_id != "manager"]

    def close(self) -> None:
        self._peer.node.destroy_publisher(self._publisher)
        self._peer.node.destroy_subscription(self._subscription)


@pytest.fixture(scope="module")
def node(start_node: Callable[..., NodeProcess]) -> NodeProcess:
    node = start_node("emotion_node")
    node.wait_for_log("waiting for images")
    return node


@pytest.fixture
def manager(peer: Peer, node: NodeProcess) -> Iterator[Manager]:
    manager = Manager(peer)
    yield manager
    manager.close()


def test_the_active_node_beats_and_says_when_it_goes(peer: Peer, manager: Manager) -> None:
    wait_for(lambda: len(manager.heard()) >= 5, "five heartbeats")
    for status in manager.heard():
        assert status.active
        assert status.id == "emotion_node"
        assert status.heartbeat_timeout == 4.0
        assert status.heartbeat_period == pytest.approx(0.1)
        assert status.header.stamp.sec > 0
    first = {status.instance_id for status in manager.heard()}
    assert len(first) == 1
    assert peer.change_state(NODE, Transition.TRANSITION_DEACTIVATE)
    wait_for(lambda: not manager.heard()[-1].active, "the last word")
    count = len(manager.heard())
    assert peer.change_state(NODE, Transition.TRANSITION_ACTIVATE)
    wait_for(lambda: len(manager.heard()) > count, "a heartbeat")
    assert manager.heard()[-1].active
    assert manager.heard()[-1].instance_id not in first


def test_a_bond_that_the_manager_breaks_is_over_on_both_ends(manager: Manager) -> None:
    wait_for(manager.heard, "a heartbeat")
    manager.say(False, of="another_node")
    manager.say(False, instance_id="manager of an earlier bond")
    count = len(manager.heard())
    wait_for(lambda: len(manager.heard()) > count + 3, "heartbeats in spite of them")
    assert all(status.active for status in manager.heard() if "earlier" not in status.instance_id)
    manager.say(True)
    manager.say(False)
    wait_for(lambda: not manager.heard()[-1].active, "the answer")
    count = len(manager.heard())
    # Ten periods: what still beats would be heard.
    time.sleep(1.0)
    assert len(manager.heard()) == count
