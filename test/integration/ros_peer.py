"""The other end of the nodes under test: a node to talk with them, and their processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import rclpy
from builtin_interfaces.msg import Time
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParametersAtomically
from rclpy.context import Context
from rclpy.executors import ShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from glamor_ros.msg import PersonEmotionArray

# Generous: a loaded machine is no failure.
PATIENCE_S = 40.0
ATTEMPTS = 20

_Value = TypeVar("_Value")


def wait_for(condition: Callable[[], _Value | None], what: str) -> _Value:
    """The condition's first value that is true; fails the test after PATIENCE_S."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {PATIENCE_S:.0f} s for {what}")


class Peer:
    """A node with an executor in a thread of its own."""

    def __init__(self, domain_id: int) -> None:
        self.domain_id = domain_id
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain_id)
        self.node = Node("peer", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    @property
    def context(self) -> Context:
        """For nodes that run in this process, in the same domain."""
        return self._context

    def close(self) -> None:
        self._executor.shutdown(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def collect(
        self,
        message_type: type[Any],
        topic: str,
        reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE,
    ) -> tuple[list[Any], Subscription]:
        """All messages of a topic from now on; the list grows."""
        messages: list[Any] = []
        profile = QoSProfile(depth=100, reliability=reliability)
        return messages, self.node.create_subscription(
            message_type, topic, messages.append, profile
        )

    def call(self, service_type: type[Any], name: str, request: Any) -> Any:
        client = self.node.create_client(service_type, name)
        try:
            wait_for(client.service_is_ready, f"the service {name}")
            future = client.call_async(request)
            wait_for(future.done, f"an answer of {name}")
            return future.result()
        finally:
            self.node.destroy_client(client)

    def change_state(self, node: str, transition_id: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=transition_id))
        return bool(self.call(ChangeState, f"{node}/change_state", request).success)

    def state(self, node: str) -> str:
        return str(self.call(GetState, f"{node}/get_state", GetState.Request()).current_state.label)

    def wait_for_state(self, node: str, label: str) -> None:
        wait_for(lambda: self.state(node) == label, f"{node} to be {label}")

    def set_parameters(self, node: str, **values: object) -> str:
        """The reason of the refusal; empty where there was none."""
        request = SetParametersAtomically.Request(
            parameters=[Parameter(n, value=v).to_parameter_msg() for n, v in values.items()]
        )
        answer = self.call(SetParametersAtomically, f"{node}/set_parameters_atomically", request)
        return str(answer.result.reason)

    def parameter_values(self, node: str, names: Sequence[str]) -> list[object]:
        request = GetParameters.Request(names=names)
        values = self.call(GetParameters, f"{node}/get_parameters", request).values
        return [rclpy.parameter.parameter_value_to_python(value) for value in values]

    def descriptors(self, node: str, names: Sequence[str]) -> list[Any]:
        request = DescribeParameters.Request(names=names)
        return list(
            self.call(DescribeParameters, f"{node}/describe_parameters", request).descriptors
        )

    def _spin(self) -> None:
        with suppress(ShutdownException):
            self._executor.spin()


class Camera:
    """Publishes images and gets what emotion_node makes of each."""

    def __init__(
        self,
        peer: Peer,
        *,
        message_type: type[Any] = Image,
        topic: str = "image",
        results_topic: str = "emotions",
        reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE,
    ) -> None:
        self._peer = peer
        self.topic = peer.node.resolve_topic_name(topic)
        self._reliability = reliability
        profile = QoSProfile(depth=5, reliability=reliability)
        self._publisher: Publisher = peer.node.create_publisher(message_type, topic, profile)
        self.results, self._subscription = peer.collect(PersonEmotionArray, results_topic)

    def wait_for_subscriber(self) -> None:
        """Until a subscription is there that has taken over the reliability of this publisher."""

        def is_matched() -> bool:
            infos = self._peer.node.get_subscriptions_info_by_topic(self.topic)
            return (
                self._publisher.get_subscription_count() > 0
                and len(infos) == 1
                and infos[0].qos_profile.reliability == self._reliability
            )

        wait_for(is_matched, f"a subscriber of {self.topic}")

    def publish(self, message: Image | CompressedImage, frame_id: str = "camera") -> Time:
        """Stamps the message with now; the stamp."""
        message.header.frame_id = frame_id
        message.header.stamp = self._peer.node.get_clock().now().to_msg()
        self.publish_as_it_is(message)
        return message.header.stamp

    def publish_as_it_is(self, message: Image | CompressedImage) -> None:
        self._publisher.publish(message)

    def result_of(self, stamp: Time) -> PersonEmotionArray:
        return wait_for(lambda: self._find(stamp), f"the people of the image {stamp}")

    def process(
        self, message: Image | CompressedImage, frame_id: str = "camera"
    ) -> PersonEmotionArray:
        """Publish an image until it has been processed; the people in it.

        Once is not always enough: DDS may lose a best-effort image, and even a reliable one while
        subscriber and publisher have not yet both discovered the other.
        """
        self.wait_for_subscriber()
        stamps: list[Time] = []
        for _ in range(ATTEMPTS):
            stamps.append(self.publish(message, frame_id))
            end_s = time.monotonic() + PATIENCE_S / ATTEMPTS
            while time.monotonic() < end_s:
                for stamp in stamps:
                    if (result := self._find(stamp)) is not None:
                        return result
                time.sleep(0.01)
        raise AssertionError(f"none of {ATTEMPTS} images on {self.topic} was processed")

    def _find(self, stamp: Time) -> PersonEmotionArray | None:
        return next((r for r in list(self.results) if r.header.stamp == stamp), None)

    def __enter__(self) -> Camera:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._peer.node.destroy_publisher(self._publisher)
        self._peer.node.destroy_subscription(self._subscription)


class NodeProcess:
    """The process of one executable of the package."""

    def __init__(
        self,
        name: str,
        parameters: dict[str, object],
        ros_arguments: Sequence[str],
        domain_id: int,
        folder: Path,
    ) -> None:
        self._log_path = folder / "log.txt"
        given = [f"{key}:={_yaml(value)}" for key, value in parameters.items()]
        module = f"glamor_ros.nodes.{name.removesuffix('_node')}.executable"
        command = [sys.executable, "-m", module, "--ros-args"]
        command += [part for value in given for part in ("-p", value)] + list(ros_arguments)
        with self._log_path.open("w") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "ROS_DOMAIN_ID": str(domain_id), "ROS_LOG_DIR": str(folder)},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log_path.read_text()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def peak_memory_mib(self) -> float:
        """The most that it has had resident so far."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    @property
    def thread_count(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def wait_for_log(self, text: str, count: int = 1) -> None:
        def is_written() -> bool:
            if self.log.count(text) >= count:
                return True
            assert self.is_running, f"ended before {text!r} was logged:\n{self.log}"
            return False

        try:
            wait_for(is_written, f"{text!r} in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}; it says:\n{self.log}") from None

    def wait(self) -> int:
        """The exit code, once the process has ended by itself."""
        return self._process.wait(PATIENCE_S)

    def send_signal(self, signal_number: int) -> None:
        self._process.send_signal(signal_number)

    def stop(self, signal_number: int = signal.SIGINT) -> int:
        """The exit code after the signal."""
        self._process.send_signal(signal_number)
        return self.wait()

    def close(self) -> None:
        """End it if it still runs; by force, which leaves shared memory behind, if it must be."""
        if not self.is_running:
            return
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE_S)
            raise


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    return f"'{value}'" if isinstance(value, (str, Path)) else str(value)
