"""Where the heads before one camera are, by its calibration and its depth images."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from ...errors import GlamorError
from ...messages.camera_info import camera_model_of
from ...messages.depth_image import depth_image
from ...perception.camera_model import CalibrationError, CameraModel
from ...perception.head_position import DepthImage, face_depths_m, with_positions
from ...perception.people import PeopleInView
from ..common import topics
from ..input.camera_info import CameraInfoSubscription, camera_info_topic
from ..input.depth_stream import DepthStream
from ..input.image_subscription import depth_topic

SUPERVISION_INTERVAL_S = 1.0
# A driver that starts beside this node may need so long to send its first CameraInfo.
CAMERA_INFO_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class PositionSettings:
    """How positions are estimated.

    Attributes:
        face_width_m: How wide a face is taken to be where its depth is not known.
        depth_tolerance_s: How far apart the stamps of an image and of its depth image may be.
        use_depth: Whether depth images are subscribed to; counts at the start.
        is_rectified: Whether the images are undistorted already.
    """

    face_width_m: float
    depth_tolerance_s: float
    use_depth: bool
    is_rectified: bool


class HeadPositions:
    """The positions of the people before one camera.

    The executor's thread starts, stops and receives; another one may `locate`.

    Args:
        camera: The camera's name; empty: the only one.
        settings: May be replaced at any time.
        warn: Writes a warning to the log; called once for each thing that is wrong.
        tell: Writes a line to the log.
        clock: A steady clock, in seconds.

    Attributes:
        settings: As given.
    """

    def __init__(
        self,
        camera: str,
        settings: PositionSettings,
        *,
        warn: Callable[[str], object],
        tell: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._camera = camera
        self._warn = warn
        self._tell = tell
        self._clock = clock
        self._said: set[str] = set()
        self._node: Node | None = None
        self._infos: CameraInfoSubscription | None = None
        self._depths: DepthStream | None = None
        self._timer: Timer | None = None
        self._missing_since_s = math.inf
        self._judged: tuple[CameraInfo, bool] | None = None
        self._model: CameraModel | None = None

    def start(self, node: Node) -> None:
        """Subscribe. Where this raises, `stop` takes down what there is."""
        self._node = node
        self._infos = CameraInfoSubscription(node, camera_info_topic(node, self._camera))
        if self.settings.use_depth:
            self._depths = DepthStream(
                node, depth_topic(node, topics.DEPTH.of_camera(self._camera).name)
            )
        # Steady: ROS time may stand still.
        self._timer = node.create_timer(
            SUPERVISION_INTERVAL_S, self._supervise, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def stop(self) -> None:
        """Unsubscribe, as far as `start` came."""
        if self._node is not None and self._timer is not None:
            self._node.destroy_timer(self._timer)
        for subscription in (self._infos, self._depths):
            if subscription is not None:
                subscription.destroy()
        self._node = self._timer = self._infos = self._depths = None

    def locate(self, view: PeopleInView, header: Header) -> PeopleInView:
        """The people in an image with their positions, as far as they can be known.

        Args:
            view: The people.
            header: The image's.
        """
        if not view.people:
            return view
        model = self._calibration(view)
        if model is None:
            return view
        depth = self._depth(view, header)
        depths_m = face_depths_m(view, depth) if depth is not None else None
        if depths_m is not None and any(math.isnan(depth_m) for depth_m in depths_m):
            self._say_once(
                "no depth of a face",
                self._tell,
                "the depth image does not show how far a face is: its distance is told by its "
                "width. Said once; it may happen again",
            )
        located = with_positions(view, model, depths_m, self.settings.face_width_m)
        if any(person.position is None for person in located.people):
            self._warn_once(
                "outside",
                f"a face lies where the lens model of {self._topic_name} gives no direction: its "
                "`position` is NaN. Calibrate with points near the edges of the image",
            )
        return located

    @property
    def _topic_name(self) -> str:
        infos = self._infos
        return infos.topic_name if infos is not None else topics.CAMERA_INFO.name

    def _calibration(self, view: PeopleInView) -> CameraModel | None:
        infos = self._infos
        info = infos.newest if infos is not None else None
        if info is None:
            self._missing_since_s = min(self._missing_since_s, self._clock())
            return None
        is_rectified = self.settings.is_rectified
        try:
            if (
                self._judged is None
                or self._judged[0] is not info
                or self._judged[1] != is_rectified
            ):
                self._model, self._judged = None, (info, is_rectified)
                self._model = camera_model_of(info, is_rectified=is_rectified)
            if self._model is not None:
                self._model.require_size(view.image_width, view.image_height)
        except CalibrationError as error:
            self._warn_once(
                str(error),
                f"the CameraInfo on {self._topic_name} cannot be used, and `position` is NaN: "
                f"{error}",
            )
            return None
        return self._model

    def _depth(self, view: PeopleInView, header: Header) -> DepthImage | None:
        depths = self._depths
        if depths is None:
            return None
        message = depths.recent.nearest(header.stamp, self.settings.depth_tolerance_s)
        if message is None:
            self._warn_of_depth(
                "missing",
                f"none has come on {depths.topic_name} within "
                f"{self.settings.depth_tolerance_s:g} s of an image's stamp (depth_tolerance_s). "
                "Remap `depth`, and stamp both by the same clock",
            )
            return None
        return self._readable_depth(message, view, header, depths.topic_name)

    def _readable_depth(
        self, message: Image, view: PeopleInView, header: Header, topic_name: str
    ) -> DepthImage | None:
        frame_id = message.header.frame_id
        if frame_id != header.frame_id:
            self._warn_of_depth(
                f"frame {frame_id}",
                f"those on {topic_name} are of the frame '{frame_id}', the images of "
                f"'{header.frame_id}'. Remap `depth` to depth that is aligned with the images",
            )
            return None
        try:
            depth = depth_image(message)
        except GlamorError as error:
            self._warn_of_depth(str(error), f"{error} ({topic_name})")
            return None
        if not depth.fits(view.image_width, view.image_height):
            self._warn_of_depth(
                "shape",
                f"those on {topic_name} have {message.width}x{message.height} pixels, the images "
                f"{view.image_width}x{view.image_height}: another shape. Remap `depth` to depth "
                "that is aligned with the images",
            )
            return None
        return depth

    def _supervise(self) -> None:
        """Called by the timer, in the executor's thread."""
        if self._infos is None:
            return
        self._infos.follow_publishers()
        if self._depths is not None:
            self._depths.follow_publishers()
        missing_s = self._clock() - self._missing_since_s
        if self._infos.newest is None and missing_s >= CAMERA_INFO_TIMEOUT_S:
            self._say_missing(self._infos)

    def _say_missing(self, infos: CameraInfoSubscription) -> None:
        publishers = infos.publishers()
        cause = (
            f"its publisher is silent ({publishers[0].node_name}, {publishers[0].topic_type})"
            if publishers
            else "nobody publishes there. Let the camera's driver publish its calibration, or "
            f"remap `{topics.CAMERA_INFO.of_camera(self._camera).name}`"
        )
        self._say_once(
            "missing",
            self._tell,
            f"no CameraInfo on {infos.topic_name}: `position` is NaN; {cause}",
        )

    def _warn_of_depth(self, key: str, cause: str) -> None:
        self._warn_once(
            f"depth {key}", f"depth is not used, distances are told by the faces' width: {cause}"
        )

    def _warn_once(self, key: str, line: str) -> None:
        self._say_once(key, self._warn, line)

    def _say_once(self, key: str, say: Callable[[str], object], line: str) -> None:
        if key not in self._said:
            self._said.add(key)
            say(line)
