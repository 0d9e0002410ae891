"""What happens to the frames that are there together, from messages to published people."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence

from ...errors import GlamorError
from ...perception.engine import PeopleObserver
from ...perception.people import PeopleInView
from ...perception.stopwatch import Stopwatch
from ..input.image_subscription import ImageMessage
from ..outputs.pictures import Drawable
from ..outputs.publishing_gate import PublishingGate
from .camera import Arrival, Camera, FailureStreak


class FrameProcessor:
    """The work on batches of frames, of each camera one at most. It survives whatever they hold.

    Args:
        observer: The networks.
        cameras: All cameras, by name.
        gate: What is published goes through it.
        draw: Takes what the pictures of a camera are drawn from; returns at once.
        failures: Where unexpected errors are counted.
        stopwatch: Takes the times of the stages `decode` and `publish`.
        give_up: Called once, with the reason, where one image after the other fails.
    """

    def __init__(
        self,
        observer: PeopleObserver,
        cameras: Mapping[str, Camera],
        gate: PublishingGate,
        draw: Callable[[str, Drawable], object],
        failures: FailureStreak,
        stopwatch: Stopwatch,
        give_up: Callable[[str], object],
    ) -> None:
        self._observer = observer
        self._cameras = cameras
        self._gate = gate
        self._draw = draw
        self._failures = failures
        self._stopwatch = stopwatch
        self._give_up: Callable[[str], object] | None = give_up

    def process(self, messages: Mapping[str, ImageMessage]) -> None:
        """Publish the people in each camera's image.

        Never raises: an unusable image and an unexpected failure are counted and logged for the
        camera that they belong to, and disturb no other.

        Args:
            messages: The images, by their cameras' names.
        """
        arrivals = [
            arrival
            for name, message in messages.items()
            if (arrival := self._arrival(self._cameras[name], message)) is not None
        ]
        if arrivals:
            self._process_together(arrivals)

    def _arrival(self, camera: Camera, message: ImageMessage) -> Arrival | None:
        try:
            with self._stopwatch.stage("decode"):
                return camera.arrival(message)
        except GlamorError as error:
            camera.count_unusable(error)
        except Exception as error:
            self._count_failure(camera, error)
        return None

    def _process_together(self, arrivals: Sequence[Arrival]) -> None:
        try:
            views: Sequence[PeopleInView | None] = self._observer.observe(
                [(a.camera.follower, a.frame) for a in arrivals]
            )
        except Exception as error:
            if len(arrivals) > 1:
                # One by one the images show which of them is the cause.
                for arrival in arrivals:
                    self._process_together([arrival])
            elif isinstance(error, GlamorError):
                arrivals[0].camera.count_unusable(error)
            else:
                self._count_failure(arrivals[0].camera, error)
            return
        for arrival, view in zip(arrivals, views, strict=True):
            if view is None:
                arrival.camera.statistics.late += 1
            else:
                self._publish(arrival, view)

    def _publish(self, arrival: Arrival, view: PeopleInView) -> None:
        camera = arrival.camera
        try:
            with self._stopwatch.stage("publish"):
                view = camera.positions.locate(view, arrival.header)
                is_open = self._gate.run(lambda: camera.publish_people(view, arrival.header))
            if is_open and camera.outputs.pictures.is_wanted:
                self._draw(camera.name, Drawable(arrival.frame.bgr, view, arrival.header))
        except Exception as error:
            self._count_failure(camera, error)
        else:
            self._failures.succeeded()

    def _count_failure(self, camera: Camera, error: Exception) -> None:
        camera.count_failure("".join(traceback.format_exception(error)))
        self._failures.failed()
        if self._failures.is_hopeless and self._give_up is not None:
            give_up, self._give_up = self._give_up, None
            give_up(
                f"the last {self._failures.count} images failed, one after the other; the node "
                f"gives up. The last error: {type(error).__name__}: {error}"
            )
