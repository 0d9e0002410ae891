"""What only shows where the node runs in the process of the tests."""

from __future__ import annotations

import gc
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import cast

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
from glamor_ros.nodes.emotion.models import Models
from glamor_ros.nodes.outputs import pictures as pictures_module
from glamor_ros.perception.detection.face_detector import FaceDetector
from glamor_ros.perception.engine import PeopleObserver
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.people import PeopleInView
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.perception.tracking.follower import PeopleFollower

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

    def __init__(
        self,
        peer: Peer,
        namespace: str,
        parameters: dict[str, object],
        **parts: Callable[..., object],
    ) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=peer.domain_id)
        self.node = EmotionNode(
            context=self._context,
            namespace=namespace,
            **parts,  # type: ignore[arg-type]
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

    def start_one(
        namespace: str,
        parts: Mapping[str, Callable[..., object]] = MappingProxyType({}),
        **parameters: object,
    ) -> RunningNode:
        parameters = {
            "weights": str(random_weights),
            "min_detections": 1,
            "detection": "full",
            **parameters,
        }
        running.append(RunningNode(peer, namespace, parameters, **parts))
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
        draw = noted(name, getattr(pictures_module, name))
        monkeypatch.setattr(pictures_module, name, draw)
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

    wait_for(lambda: living(PeopleObserver) == observers_before, "the observer's end")
    assert living(EmotionRecognizer) == recognizers_before


class FakeObserver:
    """Sees nobody, at once; what it meets can be made to fail."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.fails: Callable[[Frame], bool] = lambda frame: False

    def observe(self, batch: Sequence[tuple[PeopleFollower, Frame]]) -> list[PeopleInView]:
        self.batches.append([frame.camera for _, frame in batch])
        if any(self.fails(frame) for _, frame in batch):
            raise RuntimeError("the GPU has fallen off the bus")
        return [PeopleInView(frame.width, frame.height, ()) for _, frame in batch]


def fake_models(observer: FakeObserver) -> Models:
    return Models(cast(FaceDetector, None), cast(PeopleObserver, observer))


class Gate:
    """A decoder that holds an image until it is released."""

    def __init__(self) -> None:
        self.is_busy, self.may_go_on = threading.Event(), threading.Event()
        self.is_shut = False

    def __call__(self, message: Image) -> NDArray[np.uint8]:
        if self.is_shut:
            self.is_busy.set()
            assert self.may_go_on.wait(PATIENCE_S)
        return ImageDecoder().decode(message)


def test_an_unexpected_error_is_survived(
    start: Callable[..., RunningNode],
    camera_of: Callable[[RunningNode], Camera],
    two_faces: NDArray[np.uint8],
) -> None:
    def decode(message: Image) -> NDArray[np.uint8]:
        if message.header.frame_id == "cursed":
            raise RuntimeError("a bug that nobody foresaw")
        return ImageDecoder().decode(message)

    running = start("/shaken", {"make_decoder": lambda conversion: decode})
    camera = camera_of(running)
    camera.process(image_message(two_faces, Header()))
    camera.publish(image_message(two_faces, Header()), "cursed")
    wait_for(lambda: running.log.has("RuntimeError: a bug that nobody foresaw"), "the report")

    assert len(camera.process(image_message(two_faces, Header())).people) == 2
    running.node.trigger_deactivate()
    assert running.log.has("1 failed")


def test_under_overload_the_newest_image_wins(
    start: Callable[..., RunningNode],
    camera_of: Callable[[RunningNode], Camera],
    no_face: NDArray[np.uint8],
) -> None:
    gate = Gate()
    parts = {
        "make_decoder": lambda conversion: gate,
        "load": lambda choice: fake_models(FakeObserver()),
    }
    running = start("/overloaded", parts)
    camera = camera_of(running)
    camera.process(image_message(no_face, Header()))
    gate.is_shut = True
    results_before = len(camera.results)
    first = camera.publish(image_message(no_face, Header()))
    assert gate.is_busy.wait(PATIENCE_S)
    # The reader keeps one image: each is published once the one before has been taken.
    statistics = running.node.statistics[""]
    stamps = [first]
    for _ in range(8):
        received = statistics.received
        stamps.append(camera.publish(image_message(no_face, Header())))
        wait_for(lambda count=received: statistics.received > count, "the image's arrival")  # type: ignore[misc]
    gate.may_go_on.set()
    camera.result_of(stamps[-1])

    processed = [result.header.stamp for result in camera.results[results_before:]]
    assert processed == [first, stamps[-1]]
    running.node.trigger_deactivate()
    assert running.log.has("7 dropped for newer ones")


def test_deactivate_does_not_wait_for_the_image_in_work_which_is_not_published(
    start: Callable[..., RunningNode],
    camera_of: Callable[[RunningNode], Camera],
    no_face: NDArray[np.uint8],
) -> None:
    gate, observer = Gate(), FakeObserver()
    parts = {"make_decoder": lambda conversion: gate, "load": lambda choice: fake_models(observer)}
    running = start("/prompt", parts)
    camera = camera_of(running)
    camera.process(image_message(no_face, Header()))
    gate.is_shut = True
    unfinished = camera.publish(image_message(no_face, Header()))
    assert gate.is_busy.wait(PATIENCE_S)

    # Returns although nothing lets the image go on; the next activation is not disturbed.
    running.node.trigger_deactivate()
    batches = len(observer.batches)
    gate.is_shut = False
    running.node.trigger_activate()
    camera.process(image_message(no_face, Header()))
    gate.may_go_on.set()
    wait_for(lambda: len(observer.batches) == batches + 2, "the end of the work on the image")
    camera.process(image_message(no_face, Header()))

    assert unfinished not in [result.header.stamp for result in camera.results]


def test_where_one_image_after_the_other_fails_it_gives_up(
    start: Callable[..., RunningNode],
    camera_of: Callable[[RunningNode], Camera],
    no_face: NDArray[np.uint8],
) -> None:
    observer = FakeObserver()
    running = start("/lost", {"load": lambda choice: fake_models(observer)})
    camera = camera_of(running)
    camera.process(image_message(no_face, Header()))
    assert not running.node.has_given_up
    observer.fails = lambda frame: True

    def has_given_up() -> bool:
        camera.publish(image_message(no_face, Header()))
        return running.node.has_given_up

    wait_for(has_given_up, "the node to give up")
    wait_for(lambda: running.node.is_unconfigured, "the state unconfigured")

    fatal = [line for line in running.log.lines if "the node gives up" in line]
    assert len(fatal) == 1
    assert fatal[0].endswith("RuntimeError: the GPU has fallen off the bus")
    assert running.node.exit_code == 1

    # As a lifecycle manager would do it.
    observer.fails = lambda frame: False
    assert running.node.bring_up()
    assert not running.node.has_given_up
    camera.process(image_message(no_face, Header()))


def test_ids_are_not_used_again_after_cleanup(
    start: Callable[..., RunningNode],
    camera_of: Callable[[RunningNode], Camera],
    two_faces: NDArray[np.uint8],
) -> None:
    running = start("/renewed")
    camera = camera_of(running)
    before = {p.person_id for p in camera.process(image_message(two_faces, Header())).people}
    running.node.trigger_deactivate()
    running.node.trigger_cleanup()
    assert running.node.bring_up()
    after = {p.person_id for p in camera.process(image_message(two_faces, Header())).people}

    assert len(before) == len(after) == 2
    assert not before & after


def test_with_a_simulated_clock_that_does_not_run(
    start: Callable[..., RunningNode],
    camera_of: Callable[[RunningNode], Camera],
    no_face: NDArray[np.uint8],
) -> None:
    running = start(
        "/simulated",
        {"load": lambda choice: fake_models(FakeObserver())},
        use_sim_time=True,
        no_image_timeout_s=0.5,
    )

    wait_for(lambda: running.log.has("nobody publishes there"), "the watchdog's report")
    # Follows the publisher's reliability, which is the supervision's work as well.
    result = camera_of(running).process(image_message(no_face, Header()))

    assert math.isnan(result.latency)
    running.node.trigger_deactivate()
    assert running.log.has("1 processed")
    assert not running.log.has("latency p50")


def test_stamps_that_are_no_times(
    start: Callable[..., RunningNode],
    camera_of: Callable[[RunningNode], Camera],
    no_face: NDArray[np.uint8],
) -> None:
    running = start("/stamped", {"load": lambda choice: fake_models(FakeObserver())})
    camera = camera_of(running)
    camera.process(image_message(no_face, Header()))
    negative = image_message(no_face, Header(frame_id="negative"))
    negative.header.stamp.sec = -5
    camera.publish_as_it_is(negative)
    wait_for(lambda: running.log.has("the stamp is negative (-5 s)"), "the report")
    camera.publish_as_it_is(image_message(no_face, Header(frame_id="unstamped")))
    unstamped = wait_for(
        lambda: next((r for r in list(camera.results) if r.header.frame_id == "unstamped"), None),
        "the unstamped image",
    )

    assert math.isnan(unstamped.latency)
    assert "negative" not in [result.header.frame_id for result in camera.results]
    assert running.node.statistics[""].rejected == 1


def test_a_batch_that_fails_costs_the_guilty_image_alone(
    peer: Peer, start: Callable[..., RunningNode], no_face: NDArray[np.uint8]
) -> None:
    gate, observer = Gate(), FakeObserver()
    observer.fails = lambda frame: frame.width == 320
    parts = {"make_decoder": lambda conversion: gate, "load": lambda choice: fake_models(observer)}
    running = start("/shared", parts, cameras=["good", "bad"])
    small = np.ascontiguousarray(no_face[::2, ::2])
    with (
        Camera(peer, topic="/shared/good/image", results_topic="/shared/good/emotions") as good,
        Camera(peer, topic="/shared/bad/image", results_topic="/shared/bad/emotions") as bad,
    ):
        good.process(image_message(no_face, Header()))
        bad.process(image_message(no_face, Header()))
        gate.is_shut = True
        good.publish(image_message(no_face, Header()))
        assert gate.is_busy.wait(PATIENCE_S)
        # Both wait while the thread is held: they go into one batch.
        counts = running.node.statistics
        received = (counts["good"].received, counts["bad"].received)
        stamp = good.publish(image_message(no_face, Header()))
        bad.publish(image_message(small, Header()))
        wait_for(
            lambda: counts["good"].received > received[0] and counts["bad"].received > received[1],
            "both images",
        )
        gate.may_go_on.set()
        good.result_of(stamp)

        wait_for(lambda: counts["bad"].failed == 1, "the failure to be counted")
        assert {"good", "bad"} in [set(batch) for batch in observer.batches]
        assert counts["good"].failed == 0
        bad.process(image_message(no_face, Header()))


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
