"""The topics of the nodes: one table is what they create and what their documentation shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from visualization_msgs.msg import MarkerArray

from glamor_ros.msg import AttentionMapArray, PersonEmotionArray


@dataclass(frozen=True)
class TopicSpec:
    """One topic of a node.

    Attributes:
        name: Relative to the node's namespace.
        message_type: Of its messages.
        description: What it holds, for the documentation.
        depth: How many messages a publisher keeps.
    """

    name: str
    message_type: type[Any]
    description: str
    depth: int = 1

    @property
    def type_name(self) -> str:
        """As in `ros2 topic list -t`, without the middle part: package/Message."""
        return f"{self.message_type.__module__.split('.')[0]}/{self.message_type.__name__}"

    def of_camera(self, camera: str) -> TopicSpec:
        """The same topic in the namespace of one of several cameras; empty: of the only one."""
        return replace(self, name=f"{camera}/{self.name}") if camera else self

    def publisher_qos(
        self, reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE
    ) -> QoSProfile:
        """Reliable serves reliable and best-effort subscribers alike."""
        return QoSProfile(depth=self.depth, reliability=reliability)


EMOTIONS = TopicSpec(
    "emotions",
    PersonEmotionArray,
    "The people in view, for every processed image, also with nobody in view.",
    depth=10,
)
ATTENTION = TopicSpec(
    "attention",
    AttentionMapArray,
    "Where in the scene the network looked, for each person whose face it read in the image. "
    "Made while somebody subscribes.",
    depth=10,
)
ATTENTION_IMAGE = TopicSpec(
    "attention_image",
    Image,
    "The attention maps over the image, one person beside the other. Drawn while somebody "
    "subscribes.",
)
ANNOTATED_IMAGE = TopicSpec(
    "annotated_image",
    Image,
    "The image with boxes and labels. Drawn while somebody subscribes.",
)
ANNOTATED_IMAGE_COMPRESSED = TopicSpec(
    "annotated_image/compressed",
    CompressedImage,
    "The same as jpeg, for links that are slow. Encoded while somebody subscribes.",
)
ATTENTION_IMAGE_COMPRESSED = TopicSpec(
    "attention_image/compressed",
    CompressedImage,
    "The same as jpeg, for links that are slow. Encoded while somebody subscribes.",
)
IMAGE = TopicSpec("image", Image, "The camera's images (image_transport: raw).")
CAMERA_INFO = TopicSpec(
    "camera_info",
    CameraInfo,
    "The camera's calibration, for `position`. Where it is not remapped, it is looked for beside "
    "the images: for `/camera/image_raw` on `/camera/camera_info`.",
)
DEPTH = TopicSpec(
    "depth",
    Image,
    "Depth images aligned with the images, 16UC1 [mm] or 32FC1 [m] (use_depth).",
)
EMOTION_INPUTS = (
    IMAGE,
    TopicSpec(
        "image/compressed", CompressedImage, "Its jpeg or png images (image_transport: compressed)."
    ),
    CAMERA_INFO,
    DEPTH,
)
DIAGNOSTICS = TopicSpec(
    "/diagnostics",
    DiagnosticArray,
    "Once a second how the node and each of its cameras fare, in every state of the node.",
)
EMOTION_OUTPUTS = (
    EMOTIONS,
    ATTENTION,
    ATTENTION_IMAGE,
    ATTENTION_IMAGE_COMPRESSED,
    ANNOTATED_IMAGE,
    ANNOTATED_IMAGE_COMPRESSED,
    DIAGNOSTICS,
)

MARKERS = TopicSpec(
    "markers",
    MarkerArray,
    "A label and a bar above the head of everybody whose position is known; deleted with the "
    "person.",
    depth=10,
)
MARKERS_INPUTS = (EMOTIONS,)
MARKERS_OUTPUTS = (MARKERS,)

SOURCE_IMAGE = TopicSpec("image", Image, "The images.")
SOURCE_COMPRESSED = TopicSpec(
    "image/compressed", CompressedImage, "The same as jpeg, where publish_compressed is set."
)
SOURCE_CAMERA_INFO = TopicSpec(
    "camera_info", CameraInfo, "A pinhole camera without distortion, with each image."
)
SOURCE_OUTPUTS = (SOURCE_IMAGE, SOURCE_COMPRESSED, SOURCE_CAMERA_INFO)
