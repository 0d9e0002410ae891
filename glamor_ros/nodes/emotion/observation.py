"""The node's work between activate and deactivate."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeVar

from rclpy.guard_condition import GuardCondition

from ...perception.engine import PeopleObserver
from ...perception.stopwatch import Stopwatch
from ..common.managed_node import ManagedNode
from ..common.throttled_log import ThrottledLog
from ..input.image_stream import ImageStream
from ..input.image_subscription import ImageMessage
from ..input.latest_frames import FrameWorker
from ..outputs.pictures import Drawable
from ..outputs.publishing_gate import PublishingGate
from .camera import LOG_INTERVAL_S, Camera, FailureStreak
from .frame_processor import FrameProcessor

Answer = TypeVar("Answer")


class Intake(Protocol):
    """Where images wait for what comes on other topics, before they are observed."""

    silence_timeout_s: float

    def submit(self, camera: str, message: ImageMessage) -> bool:
        """Take a camera's image; tells whether it replaced one that had to wait."""
        ...

    def close(self) -> None:
        """Hand no image on any more."""
        ...


Submit = Callable[[str, ImageMessage], bool]
MakeIntake = Callable[[Submit], Intake]


class Observation:
    """All cameras at work: their subscriptions, one thread that observes, one that draws.

    A camera that stops, returns or sends rubbish disturbs no other. A frame being worked on when
    this is stopped is finished by its thread, but nothing is published of it.

    Args:
        node: Whose subscriptions these are.
        observer: The networks.
        cameras: All cameras.
        stopwatch: Takes the times of the stages beside the observer's.
        reliability: Of the subscriptions; one of image_subscription.RELIABILITIES.
        no_image_timeout_s: After so long without an image the cause is said; 0: never.
        advice: What can be done where the node is too slow.
        on_end: Called in the observing thread once it has let go of the networks.
        intake: Makes what images go through, given what takes them next; None: they are observed
            as they come.
    """

    def __init__(
        self,
        node: ManagedNode,
        observer: PeopleObserver,
        cameras: Sequence[Camera],
        *,
        stopwatch: Stopwatch,
        reliability: str,
        no_image_timeout_s: float,
        advice: str,
        on_end: Callable[[], None],
        intake: MakeIntake | None = None,
    ) -> None:
        self._node = node
        self._cameras = {camera.name: camera for camera in cameras}
        self._stopwatch = stopwatch
        self._reliability = reliability
        self._no_image_timeout_s = no_image_timeout_s
        self._advice = advice
        self._on_end = on_end
        self._make_intake = intake
        self._intake: Intake | None = None
        self._observer: PeopleObserver | None = observer
        self._gate = PublishingGate()
        self._streams: list[ImageStream] = []
        self._observing: FrameWorker[ImageMessage] | None = None
        self._drawing: FrameWorker[Drawable] | None = None
        self._given_up = ""
        self._giving_up: GuardCondition | None = None

    def start(self) -> None:
        """Subscribe and observe. Where this raises, `stop` takes down what there is."""
        assert self._observer is not None
        self._giving_up = self._node.create_guard_condition(
            lambda: self._node.give_up(self._given_up)
        )
        self._drawing = FrameWorker(
            _drawing(self._cameras, self._gate, self._stopwatch, self._complain()), "pictures"
        )
        processor = FrameProcessor(
            self._observer,
            self._cameras,
            self._gate,
            self._drawing.submit,
            FailureStreak(time.monotonic),
            self._stopwatch,
            self._request_end,
        )
        self._observing = FrameWorker(processor.process, "observation", self._on_end)
        # From here on the networks are kept by the thread, which may outlive this.
        self._observer = None
        self._subscribe()

    @property
    def is_paused(self) -> bool:
        """Whether no camera is watched, since `pause`."""
        return not self._streams

    def pause(self) -> None:
        """Unsubscribe and publish nothing more until `resume`; returns at once."""
        self._unsubscribe()
        for worker in (self._observing, self._drawing):
            if worker is not None:
                worker.discard()

    def resume(self) -> None:
        """Watch the cameras again."""
        if self.is_paused:
            self._gate.open()
            self._subscribe()

    def ask(self, errand: Callable[[], Answer]) -> Future[Answer]:
        """Have something done in the observing thread, in turn with the images.

        Returns:
            What comes of it; cancelled where this is stopped before its turn.
        """
        assert self._observing is not None
        return self._observing.ask(errand)

    def forget_people(self) -> None:
        """Forget the people in view of all cameras; to be called in the observing thread."""
        for camera in list(self._cameras.values()):
            camera.follower.reset()
            camera.statistics.people_in_view = 0
            camera.statistics.unknown_in_view = {}

    def stop(self) -> None:
        """Unsubscribe and publish nothing more; returns at once. Logs the statistics."""
        was_started = self._observing is not None
        self._unsubscribe()
        for worker in (self._observing, self._drawing):
            if worker is not None:
                worker.close()
        if self._giving_up is not None:
            self._node.destroy_guard_condition(self._giving_up)
            self._giving_up = None
        if was_started:
            for camera in self._cameras.values():
                self._node.get_logger().info(f"{camera.topic.name}: {camera.statistics.summary()}")
        # The executor may hold on to this for a while; it must not hold the networks.
        self._cameras = {}
        self._make_intake = None

    def join(self) -> None:
        """Wait for the threads' last frames, after `stop`."""
        for worker in (self._observing, self._drawing):
            if worker is not None:
                worker.join()

    @property
    def no_image_timeout_s(self) -> float:
        """After so long without an image the cause is said; may be set at any time."""
        return self._no_image_timeout_s

    @no_image_timeout_s.setter
    def no_image_timeout_s(self, value: float) -> None:
        self._no_image_timeout_s = value
        for stream in self._streams:
            stream.no_image_timeout_s = value
        if self._intake is not None:
            self._intake.silence_timeout_s = value

    def _subscribe(self) -> None:
        assert self._observing is not None
        submit: Submit = self._observing.submit
        if self._make_intake is not None:
            self._intake = self._make_intake(submit)
            submit = self._intake.submit
        for camera in self._cameras.values():
            camera.positions.start(self._node)
            self._streams.append(self._stream(camera, submit))
            self._node.get_logger().info(f"waiting for images on {camera.topic.name}")

    def _unsubscribe(self) -> None:
        for stream in self._streams:
            stream.stop()
        for camera in self._cameras.values():
            camera.positions.stop()
        if self._intake is not None:
            self._intake.close()
            self._intake = None
        self._streams = []
        self._gate.close()

    def _stream(self, camera: Camera, submit: Submit) -> ImageStream:
        name = camera.name
        return ImageStream(
            self._node,
            camera.topic,
            reliability=self._reliability,
            submit=lambda message: submit(name, message),
            statistics=camera.statistics,
            no_image_timeout_s=self._no_image_timeout_s,
            advice=self._advice,
        )

    def _request_end(self, reason: str) -> None:
        """Called by the observing thread; transitions belong to the executor's."""
        self._given_up = reason
        if (condition := self._giving_up) is not None:
            self._gate.run(condition.trigger)

    def _complain(self) -> Callable[[str], object]:
        logger = self._node.get_logger()
        # rclpy refuses another severity from the line that it is called from, hence the lambda.
        return ThrottledLog(lambda line: logger.error(line), LOG_INTERVAL_S)


def _drawing(
    cameras: Mapping[str, Camera],
    gate: PublishingGate,
    stopwatch: Stopwatch,
    complain: Callable[[str], object],
) -> Callable[[Mapping[str, Drawable]], None]:
    """What the drawing thread does with the newest frame of each camera; it never raises."""
    outputs = {name: camera.outputs.pictures for name, camera in cameras.items()}

    def draw(drawables: Mapping[str, Drawable]) -> None:
        for name, drawable in drawables.items():
            try:
                with stopwatch.stage("draw"):
                    outputs[name].publish(drawable, gate)
            except Exception:
                complain(f"a picture could not be drawn:\n{traceback.format_exc()}")

    return draw
