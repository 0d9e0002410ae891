"""What happens to one frame, from the camera's message to the published people."""

from __future__ import annotations

import traceback

from rclpy.lifecycle import LifecycleNode
from rclpy.time import Time
from std_msgs.msg import Header

from ...messages.image_decoding import ImageDecoder, ImageDecodingError
from ...perception.detection.face_detector import FaceDetectorError
from ...perception.engine import PeopleObserver
from ...perception.frame import Frame, ImageError
from ...perception.tracking.follower import PeopleFollower
from ..common.throttled_log import ThrottledLog
from ..input.image_subscription import ImageMessage
from ..outputs.people_publishers import PeoplePublishers
from .camera_statistics import CameraStatistics

LOG_INTERVAL_S = 5.0


class FrameProcessor:
    """Decodes, observes and publishes; one frame at a time. Survives whatever a frame holds."""

    def __init__(
        self,
        node: LifecycleNode,
        topic_name: str,
        decoder: ImageDecoder,
        observer: PeopleObserver,
        follower: PeopleFollower,
        publishers: PeoplePublishers,
        statistics: CameraStatistics,
    ) -> None:
        self._clock = node.get_clock()
        self._topic_name = topic_name
        self._decoder = decoder
        self._observer = observer
        self._follower = follower
        self._publishers = publishers
        self._statistics = statistics
        logger = node.get_logger()
        # rclpy refuses another severity from the line that it is called from, hence the lambdas.
        self._report_unusable = ThrottledLog(lambda line: logger.error(line), LOG_INTERVAL_S)
        self._report_failure = ThrottledLog(lambda line: logger.error(line), LOG_INTERVAL_S)
        self._report_no_stamp = ThrottledLog(lambda line: logger.warning(line), LOG_INTERVAL_S)

    def process(self, message: ImageMessage) -> None:
        """Never raises: an unusable frame and an unexpected failure are counted and logged."""
        try:
            self._process(message)
        except (ImageDecodingError, ImageError, FaceDetectorError) as error:
            self._statistics.rejected += 1
            self._report_unusable(
                f"skipped an unusable image on {self._topic_name}: {error} "
                f"[{self._statistics.rejected} so far]"
            )
        except Exception:
            self._statistics.failed += 1
            self._report_failure(
                f"skipped an image on {self._topic_name} after an unexpected error "
                f"[{self._statistics.failed} so far]:\n{traceback.format_exc()}"
            )

    def _process(self, message: ImageMessage) -> None:
        image_bgr = self._decoder.decode(message)
        frame = Frame(image_bgr, self._stamp_s(message.header))
        (view,) = self._observer.observe([(self._follower, frame)])
        latency_s = self._age_s(message.header)
        self._publishers.publish(view, image_bgr, message.header, latency_s)
        self._statistics.add_processed(latency_s)

    def _stamp_s(self, header: Header) -> float:
        """When the image was taken. People could not be followed through images of one instant."""
        if header.stamp.sec or header.stamp.nanosec:
            return float(header.stamp.sec + header.stamp.nanosec * 1e-9)
        self._report_no_stamp(
            f"the images on {self._topic_name} have no stamp: people are followed by the time at "
            "which their images are processed, and `latency` means nothing"
        )
        return float(self._clock.now().nanoseconds * 1e-9)

    def _age_s(self, header: Header) -> float:
        stamp = Time.from_msg(header.stamp)
        return float((self._clock.now().nanoseconds - stamp.nanoseconds) * 1e-9)
