"""What only shows where the node runs in the process of the tests."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import rclpy
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.executors import ShutdownException, SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import Header

from glamor_ros.messages.image_decoding import ImageDecoder
from glamor_ros.messages.image_encoding import image_message
from glamor_ros.nodes.emotion.lifecycle_node import EmotionNode
from glamor_ros.nodes.outputs import people_publishers
from glamor_ros.perception.engine import PeopleObserver
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer

from .ros_peer import PATIENCE_S, Camera, Peer, wait_for

pytestmark = pytest.mark.integration


class Log:
    """Takes the place of the node's logger and keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, line: str) -> None:
        self.lines.append(line)

    warning = error = fatal = info

    def has(self, text: str) -> bool:
        return any(text in line for line in self.lines)


class RunningNode:
    """An active node, spun in a thread, in a context of its own as if it were another process."""

    def __init__(self, peer: Peer, namespace: str, parameters: dict[str, object]) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=peer.domain_id)
        self.node = EmotionNode(
            context=self._context,
            namespace=namespace,
            parameter_overrides=[Parameter(n, value=value) for n, value in parameters.items()],
        )
        self.log = Log()
        self.node.get_logger = lambda: self.log  # type: ignore[method-assign]
        assert self.node.start(), self.log.lines
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    def close(self) -> None:
        self._executor.shutdown(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        self.node.shut_down()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _spin(self) -> None:
        with suppress(ShutdownException):
            self._executor.spin()


@pytest.fixture
def start(peer: Peer, random_weights: Path) -> Iterator[Callable[..., RunningNode]]:
    """Starts nodes, each in a namespace of its own, with these parameters."""
    running: list[RunningNode] = []

    def start_one(namespace: str, **parameters: object) -> RunningNode:
        parameters = {"weights": str(random_weights), **parameters}
        running.append(RunningNode(peer, namespace, parameters))
        return running[-1]

    yield start_one
    for one in running:
        one.close()


@pytest.fixture
def camera_of(peer: Peer) -> Iterator[Callable[[RunningNode], Camera]]:
    cameras: list[Camera] = []

    def make(running: RunningNode) -> Camera:
        namespace = running.node.get_namespace()
        cameras.append(
            Camera(peer, topic=f"{namespace}/image", results_topic=f"{namespace}/emotions")
        )
        return cameras[-1]

    yield make
    for camera in cameras:
        camera.close()


def living(kind: type[object]) -> int:
    gc.collect()
    return sum(type(thing) is kind for thing in gc.get_objects())


def test_pictures_are_drawn_only_while_somebody_subscribes(
    peer: Peer,
    start: Callable[..., RunningNode],
    camera_of: Callable[[RunningNode], Camera],
    two_faces: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[str] = []

    def noted(name: str, draw: Callable[..., NDArray[np.uint8]]) -> Callable[..., object]:
        def draw_and_note(*arguments: object) -> NDArray[np.uint8]:
            drawn.append(name)
            return draw(*arguments)

        return draw_and_note

    for name in ("draw_people", "attention_panel"):
        draw = noted(name, getattr(people_publishers, name))
        monkeypatch.setattr(people_publishers, name, draw)
    camera = camera_of(start("/drawing"))
    camera.process(image_message(two_faces, Header()))
    assert drawn == []

    pictures, subscription = peer.collect(
        Image, "/drawing/annotated_image", ReliabilityPolicy.BEST_EFFORT
    )
    wait_for(
        lambda: pictures or not camera.process(image_message(two_faces, Header())), "a picture"
    )
    assert set(drawn) == {"draw_people"}
    picture = pictures[0]
    assert (picture.width, picture.height, picture.encoding) == (640, 480, "bgr8")
    assert picture.header.stamp in [result.header.stamp for result in camera.results]
    shown = np.frombuffer(picture.data, np.uint8).reshape(480, 640, 3)
    changed = (shown != two_faces).any(axis=2).mean()
    assert 0.005 < changed < 0.3

    peer.node.destroy_subscription(subscription)
    panels, subscription = peer.collect(Image, "/drawing/attention_image")
    wait_for(lambda: panels or not camera.process(image_message(two_faces, Header())), "a panel")
    assert panels[0].width > panels[0].height
    peer.node.destroy_subscription(subscription)

    def is_drawing() -> bool:
        drawn.clear()
        camera.process(image_message(two_faces, Header()))
        return bool(drawn)

    wait_for(lambda: not is_drawing(), "the end of drawing")


def test_cleanup_lets_go_of_the_networks(start: Callable[..., RunningNode]) -> None:
    observers_before, recognizers_before = living(PeopleObserver), living(EmotionRecognizer)
    running = start("/released")
    assert living(EmotionRecognizer) == recognizers_before + 1

    running.node.trigger_deactivate()
    running.node.trigger_cleanup()

    assert living(PeopleObserver) == observers_before
    assert living(EmotionRecognizer) == recognizers_before


def test_an_unexpected_error_is_survived(
    start: Callable[..., RunningNode],
    camera_of: Callable[[RunningNode], Camera],
    two_faces: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = start("/shaken")
    camera = camera_of(running)
    camera.process(image_message(two_faces, Header()))
    original = ImageDecoder.decode

    def fail(decoder: ImageDecoder, message: Image) -> NDArray[np.uint8]:
        if message.header.frame_id == "cursed":
            raise RuntimeError("a bug that nobody foresaw")
        return original(decoder, message)

    monkeypatch.setattr(ImageDecoder, "decode", fail)
    camera.publish(image_message(two_faces, Header()), "cursed")
    wait_for(lambda: running.log.has("RuntimeError: a bug that nobody foresaw"), "the report")

    assert len(camera.process(image_message(two_faces, Header())).people) == 2
    running.node.trigger_deactivate()
    assert running.log.has("1 failed")


def test_under_overload_the_newest_image_wins(
    start: Callable[..., RunningNode],
    camera_of: Callable[[RunningNode], Camera],
    two_faces: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = start("/overloaded")
    camera = camera_of(running)
    camera.process(image_message(two_faces, Header()))
    is_busy, may_go_on = threading.Event(), threading.Event()
    original = ImageDecoder.decode

    def slow(decoder: ImageDecoder, message: Image) -> NDArray[np.uint8]:
        is_busy.set()
        assert may_go_on.wait(PATIENCE_S)
        return original(decoder, message)

    monkeypatch.setattr(ImageDecoder, "decode", slow)
    results_before = len(camera.results)
    first = camera.publish(image_message(two_faces, Header()))
    assert is_busy.wait(PATIENCE_S)
    # The reader keeps one image: each is published once the one before has been taken.
    stamps = [first]
    for _ in range(8):
        received = _received(running)
        stamps.append(camera.publish(image_message(two_faces, Header())))
        wait_for(lambda count=received: _received(running) > count, "the image's arrival")  # type: ignore[misc]
    may_go_on.set()
    camera.result_of(stamps[-1])

    processed = [result.header.stamp for result in camera.results[results_before:]]
    assert processed == [first, stamps[-1]]
    running.node.trigger_deactivate()
    assert running.log.has("7 dropped for newer ones")


def _received(running: RunningNode) -> int:
    assert running.node._camera is not None
    return running.node._camera._statistics.received


def test_a_publisher_of_another_type_is_named(
    peer: Peer, start: Callable[..., RunningNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = peer.node.create_publisher(PointCloud2, "/deaf/image", 1)

    running = start("/deaf", no_image_timeout_s=0.5)

    report = (
        "its publishers send another type than sensor_msgs/msg/Image: "
        "/peer (sensor_msgs/msg/PointCloud2, reliable, volatile)"
    )
    wait_for(lambda: running.log.has(report), "the report, which is repeated once names are known")
    peer.node.destroy_publisher(publisher)


def test_a_reliability_that_no_publisher_offers_is_named(
    peer: Peer, start: Callable[..., RunningNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    publisher = peer.node.create_publisher(Image, "/strict/image", profile)

    running = start("/strict", no_image_timeout_s=0.5, image_reliability="reliable")

    wait_for(
        lambda: running.log.has("asks for reliable, which its publishers do not offer"),
        "the report",
    )
    peer.node.destroy_publisher(publisher)


def test_qos_of_outputs_can_be_overridden(peer: Peer, start: Callable[..., RunningNode]) -> None:
    start(
        "/tuned",
        **{
            "qos_overrides./tuned/emotions.publisher.reliability": "best_effort",
            "qos_overrides./tuned/image.subscription.depth": 3,
        },
    )

    wait_for(lambda: peer.node.count_publishers("/tuned/emotions"), "the publisher")
    (publisher,) = peer.node.get_publishers_info_by_topic("/tuned/emotions")
    assert publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
