"""What is said of a camera whose images come too fast, or mostly do not come."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import rclpy
from builtin_interfaces.msg import Time
from rclpy.context import Context
from rclpy.executors import ShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from glamor_ros.nodes.input.arrivals import PaceMonitor
from glamor_ros.nodes.input.image_statistics import ImageStatistics
from glamor_ros.nodes.input.image_stream import ImageStream
from glamor_ros.nodes.input.image_subscription import ImageMessage, image_topic

from .ros_peer import PATIENCE_S, Peer, wait_for

pytestmark = pytest.mark.integration

PERIOD_S = 1 / 30


class StreamOfACamera:
    """A stream in a node of its own, which can process one of so many images."""

    def __init__(self, peer: Peer, namespace: str, processes_one_of: int) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=peer.domain_id)
        self._node = LifecycleNode("stream", context=self._context, namespace=namespace)
        self.lines: list[str] = []
        self._node.get_logger = lambda: self  # type: ignore[method-assign]
        self.statistics = ImageStatistics()
        self._processes_one_of = processes_one_of
        self._stream = ImageStream(
            self._node,
            image_topic(self._node, "image", "raw"),
            reliability="auto",
            submit=self._submit,
            statistics=self.statistics,
            no_image_timeout_s=0.0,
            advice="Try this.",
            pace=PaceMonitor(window_s=1.0, min_images=20),
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    def info(self, line: str) -> None:
        self.lines.append(line)

    warning = info

    def about(self, text: str) -> list[str]:
        return [line for line in self.lines if text in line]

    def close(self) -> None:
        self._executor.shutdown(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        self._stream.stop()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _submit(self, message: ImageMessage) -> bool:
        is_processed = self.statistics.received % self._processes_one_of == 0
        self.statistics.processed += is_processed
        return not is_processed

    def _spin(self) -> None:
        with suppress(ShutdownException):
            self._executor.spin()


@contextmanager
def images(peer: Peer, topic: str, intervals: tuple[int, ...]) -> Iterator[None]:
    """Images of a best-effort camera, whose stamps lie so many periods apart, over and over."""
    profile = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
    publisher = peer.node.create_publisher(Image, topic, profile)
    is_over = threading.Event()

    def publish() -> None:
        stamp_s = 1000.0
        for interval in itertools.cycle(intervals):
            if is_over.wait(0.01):
                return
            stamp_s += interval * PERIOD_S
            seconds, fraction = divmod(stamp_s, 1)
            message = Image(width=1, height=1, encoding="mono8", step=1, data=[0])
            message.header.stamp = Time(sec=int(seconds), nanosec=int(fraction * 1e9))
            publisher.publish(message)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        peer.node.destroy_publisher(publisher)


@pytest.fixture
def slow(peer: Peer) -> Iterator[StreamOfACamera]:
    stream = StreamOfACamera(peer, "/slow", processes_one_of=4)
    yield stream
    stream.close()


@pytest.fixture
def able(peer: Peer) -> Iterator[StreamOfACamera]:
    stream = StreamOfACamera(peer, "/able", processes_one_of=1)
    yield stream
    stream.close()


def test_a_node_too_slow_for_its_camera_says_so_once(peer: Peer, slow: StreamOfACamera) -> None:
    with images(peer, "/slow/image", intervals=(1,)):
        wait_for(lambda: slow.about("too slow"), "the line that the node is too slow")
        received = slow.statistics.received
        wait_for(lambda: slow.statistics.received > received + 150, "more images")
    (line,) = slow.about("too slow")
    told = re.fullmatch(
        r"the node is too slow for /slow/image: it processes ([\d.]+) of ([\d.]+) images a second, "
        r"the newest each time\. Try this\.",
        line,
    )
    assert told, line
    assert float(told[1]) / float(told[2]) == pytest.approx(0.25, abs=0.1)
    assert not slow.about("do not arrive")


def test_a_camera_most_of_whose_images_are_lost_is_named_once(
    peer: Peer, able: StreamOfACamera
) -> None:
    with images(peer, "/able/image", intervals=(1, 3, 3, 2, 3)):
        wait_for(lambda: able.about("do not arrive"), "the line that images are lost")
        received = able.statistics.received
        wait_for(lambda: able.statistics.received > received + 100, "more images")
    (line,) = able.about("do not arrive")
    told = re.match(r"about (\d+)% of the images on /able/image do not arrive \(best_effort", line)
    assert told, line
    # 7 of 12, and more where the machine is too busy for all that are sent.
    assert 50 <= int(told[1]) <= 90
    assert not able.about("too slow")


def test_a_camera_whose_images_all_come_and_are_processed_is_not_mentioned(
    peer: Peer, able: StreamOfACamera
) -> None:
    with images(peer, "/able/image", intervals=(1,)):
        wait_for(lambda: able.statistics.received > 150, "images")
        time.sleep(0.6)  # The stream judges twice a second.
    assert not able.about("too slow")
