"""Faces that a node of ROS4HRI (REP-155) has found, as hri_face_detect does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial

from hri_msgs.msg import IdsList, NormalizedRegionOfInterest2D
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from ...messages.rep155 import can_be_face_id, usable_region
from ...perception.detection.given_faces import GivenFace, GivenFaces
from ..common.hri_package import IDS_LIST_TYPE, TRACKED_TOPIC, face_topic
from ..common.throttled_log import ThrottledLog
from .face_matching import REGION_PATIENCE_S, FaceList, FaceMatcher
from .image_statistics import ImageStatistics
from .image_subscription import ImageMessage
from .image_watchdog import UNKNOWN_NODE_NAME, ImageWatchdog
from .waiting_images import stamp_ns

SUPERVISION_INTERVAL_S = REGION_PATIENCE_S / 2
LOG_INTERVAL_S = 10.0
# Best effort receives from every publisher.
_QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)


class HriFaces:
    """The subscriptions to `/humans/faces/tracked` and the faces' regions, beside the cameras.

    Images wait here for the faces that were found in them; those without are dropped. With several
    cameras, a list of faces belongs to the one whose images have the list's `frame_id`.

    Args:
        node: Whose subscriptions these are.
        faces: Gets the faces of an image before the image is submitted.
        statistics: Of each camera's images, by its name.
        submit: Takes a camera's name and an image that has its faces; tells whether it replaced one
            that had to wait.
        tolerance_s: How far the stamps of an image and its faces may lie apart.
        silence_timeout_s: After so long without a list of faces the cause is said; 0: never.

    Attributes:
        silence_timeout_s: May be set at any time.
    """

    def __init__(
        self,
        node: LifecycleNode,
        faces: GivenFaces,
        statistics: Mapping[str, ImageStatistics],
        submit: Callable[[str, ImageMessage], bool],
        *,
        tolerance_s: float,
        silence_timeout_s: float,
    ) -> None:
        self.silence_timeout_s = silence_timeout_s
        self._node = node
        self._faces = faces
        self._statistics = statistics
        self._submit = submit
        self._tolerance_s = tolerance_s
        self._frame_ids: dict[str, str] = {}
        self._matchers: dict[str, FaceMatcher[ImageMessage]] = {
            name: FaceMatcher(tolerance_s, partial(self._hand_on, name), partial(self._drop, name))
            for name in statistics
        }
        self._regions: dict[str, Subscription] = {}
        self._listed: dict[str, tuple[str, ...]] = {}
        logger = node.get_logger()
        # rclpy refuses another severity from the line that it is called from, hence the lambdas.
        self._complain = ThrottledLog(lambda line: logger.warning(line), LOG_INTERVAL_S)
        self._say_mismatch = ThrottledLog(lambda line: logger.warning(line), LOG_INTERVAL_S)
        self._say_unstamped = ThrottledLog(lambda line: logger.warning(line), math.inf)
        self._watchdog = ImageWatchdog(
            TRACKED_TOPIC,
            what="lists of faces",
            explain=self._explain_silence,
            warn=lambda line: logger.warning(line),
            tell=lambda line: logger.info(line),
        )
        self._tracked = node.create_subscription(IdsList, TRACKED_TOPIC, self._on_list, _QOS)
        self._timer = node.create_timer(
            SUPERVISION_INTERVAL_S, self._supervise, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def submit(self, camera: str, message: ImageMessage) -> bool:
        """Let an image wait for its faces; returns False, since what is dropped is counted here."""
        # One may still come after `close`.
        if camera not in self._matchers:
            return False
        self._frame_ids[camera] = message.header.frame_id
        stamp = stamp_ns(message.header.stamp)
        if stamp == 0:
            self._say_unstamped(
                "images without a stamp cannot be matched with faces: let the camera's driver "
                "stamp them"
            )
            self._drop(camera, 1)
            return False
        self._matchers[camera].add_image(stamp, message, len(message.data))
        return False

    def close(self) -> None:
        """Unsubscribe; no image is submitted any more."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._tracked)
        for subscription in self._regions.values():
            self._node.destroy_subscription(subscription)
        self._regions = {}
        self._matchers = {}

    def _on_list(self, message: IdsList) -> None:
        # One may still come after the subscription was given up.
        if not self._matchers:
            return
        self._watchdog.image_arrived()
        face_ids = tuple(dict.fromkeys(filter(can_be_face_id, message.ids)))
        if len(face_ids) < len(set(message.ids)):
            self._complain(
                f"{TRACKED_TOPIC} names faces that cannot have topics in ROS 2: "
                f"{', '.join(sorted(set(message.ids) - set(face_ids)))}"
            )
        # Several cameras may have a detector each, whose lists hold its own faces alone.
        self._listed[message.header.frame_id if len(self._matchers) > 1 else ""] = face_ids
        self._follow({face_id for ids in self._listed.values() for face_id in ids})
        listed = FaceList(stamp_ns(message.header.stamp), face_ids)
        for camera in self._cameras_of(message.header.frame_id):
            self._matchers[camera].add_list(listed)
            mismatch_s = self._matchers[camera].mismatch_s
            if mismatch_s is not None:
                self._say_mismatch(
                    f"the faces on {TRACKED_TOPIC} belong to no image of this node: the nearest "
                    f"stamp is {mismatch_s:+.3f} s away, more than face_stamp_tolerance_s "
                    f"({self._tolerance_s:g}). Both must come from the same camera"
                )

    def _on_region(self, face_id: str, message: NormalizedRegionOfInterest2D) -> None:
        region = usable_region(message.xmin, message.ymin, message.xmax, message.ymax, message.c)
        if region is None:
            self._complain(
                f"{face_topic(face_id, 'roi')} has a region that holds nothing of the image: "
                f"x {message.xmin:g} to {message.xmax:g}, y {message.ymin:g} to {message.ymax:g}"
            )
            return
        face = GivenFace(
            face_id, region.left, region.top, region.right, region.bottom, region.confidence
        )
        for camera in self._cameras_of(message.header.frame_id):
            self._matchers[camera].add_region(stamp_ns(message.header.stamp), face)

    def _follow(self, face_ids: Set[str]) -> None:
        for face_id in self._regions.keys() - face_ids:
            self._node.destroy_subscription(self._regions.pop(face_id))
        for face_id in face_ids - self._regions.keys():
            self._regions[face_id] = self._node.create_subscription(
                NormalizedRegionOfInterest2D,
                face_topic(face_id, "roi"),
                partial(self._on_region, face_id),
                _QOS,
            )

    def _cameras_of(self, frame_id: str) -> list[str]:
        if len(self._matchers) == 1:
            return list(self._matchers)
        return [camera for camera in self._matchers if self._frame_ids.get(camera) == frame_id]

    def _hand_on(self, camera: str, message: ImageMessage, faces: Sequence[GivenFace]) -> None:
        stamp = message.header.stamp
        self._faces.put(camera, float(stamp.sec + stamp.nanosec * 1e-9), faces)
        if self._submit(camera, message):
            self._drop(camera, 1)

    def _drop(self, camera: str, count: int) -> None:
        self._statistics[camera].dropped += count

    def _supervise(self) -> None:
        for matcher in self._matchers.values():
            matcher.settle()
        self._watchdog.check(self.silence_timeout_s)

    def _explain_silence(self) -> str:
        publishers = self._node.get_publishers_info_by_topic(TRACKED_TOPIC)
        if not publishers:
            return (
                "nobody publishes there: start a face detector of ROS4HRI, such as "
                "hri_face_detect, or set face_source to detector"
            )
        names = ", ".join(
            f"{p.node_namespace.rstrip('/')}/{p.node_name} ({p.topic_type})"
            for p in publishers
            if p.node_name != UNKNOWN_NODE_NAME
        )
        if all(p.topic_type != IDS_LIST_TYPE for p in publishers):
            return f"its publishers send another type than {IDS_LIST_TYPE}: {names}"
        return f"its publishers send nothing; do they get images themselves? {names}"
