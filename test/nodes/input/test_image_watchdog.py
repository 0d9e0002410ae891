from __future__ import annotations

import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo
from sensor_msgs.msg import CompressedImage, Image

from glamor_ros.nodes.input.image_subscription import ImageTopic, matching_reliability
from glamor_ros.nodes.input.image_watchdog import ImageWatchdog, explanation

BEST_EFFORT, RELIABLE = ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE
RAW = ImageTopic("/robot/image", Image, "sensor_msgs/msg/Image")
COMPRESSED = ImageTopic(
    "/robot/image/compressed", CompressedImage, "sensor_msgs/msg/CompressedImage"
)


class Clock:
    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


class Watch:
    """A watchdog with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.explanation = "because"
        self.warnings: list[str] = []
        self.told: list[str] = []
        self.watchdog = ImageWatchdog(
            "/image",
            explain=lambda: self.explanation,
            warn=self.warnings.append,
            tell=self.told.append,
            clock=self.clock,
        )

    def check_at(self, *times_s: float, timeout_s: float = 5.0) -> None:
        for self.clock.now_s in times_s:
            self.watchdog.check(timeout_s)

    def image_at(self, time_s: float) -> None:
        self.clock.now_s = time_s
        self.watchdog.image_arrived()


def publisher(
    type_name: str = "sensor_msgs/msg/Image", reliability: ReliabilityPolicy = RELIABLE
) -> TopicEndpointInfo:
    profile = QoSProfile(depth=1, reliability=reliability, durability=DurabilityPolicy.VOLATILE)
    return TopicEndpointInfo(
        node_name="driver", node_namespace="/cam", topic_type=type_name, qos_profile=profile
    )


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ([], BEST_EFFORT),
        ([RELIABLE], RELIABLE),
        ([RELIABLE, RELIABLE], RELIABLE),
        ([BEST_EFFORT], BEST_EFFORT),
        ([RELIABLE, BEST_EFFORT], BEST_EFFORT),
    ],
)
def test_the_reliability_that_receives_from_all_publishers(
    offered: list[ReliabilityPolicy], expected: ReliabilityPolicy
) -> None:
    assert matching_reliability(offered) == expected


def test_silence_from_the_start_is_reported_after_the_timeout_and_again_later() -> None:
    watch = Watch()

    watch.check_at(50.0, 53.0, 54.9)
    assert watch.warnings == []
    watch.check_at(55.0, 56.0, 84.9)
    assert watch.warnings == ["no images on /image for 5.0 s: because"]
    watch.check_at(85.0)
    assert watch.warnings[1:] == ["no images on /image for 35.0 s: because"]


def test_another_explanation_is_told_once_it_has_settled() -> None:
    watch = Watch()

    watch.check_at(53.0, 55.0, 55.5)
    watch.explanation = "now I see"
    watch.check_at(56.0, 57.5)
    assert watch.warnings == ["no images on /image for 5.0 s: because"]
    watch.check_at(58.0, 58.5)

    assert watch.warnings[1:] == ["no images on /image for 8.0 s: now I see"]


def test_a_publisher_discovered_just_before_its_first_image_is_not_complained_about() -> None:
    watch = Watch()

    watch.check_at(53.0, 54.0)
    watch.explanation = "its publishers send nothing that arrives here"
    watch.check_at(54.5, 55.0)
    watch.image_at(55.15)
    watch.check_at(55.5, 56.0)

    assert watch.warnings == []
    assert watch.told == ["images come on /image"]


def test_a_camera_that_stops_and_comes_back() -> None:
    watch = Watch()

    watch.image_at(51.0)
    watch.image_at(52.0)
    watch.check_at(55.0, 56.9, 57.5)
    watch.image_at(60.0)
    watch.image_at(61.0)

    assert watch.warnings == ["no more images on /image for 5.5 s: because"]
    assert watch.told == [
        "images come on /image",
        "images come on /image again, after 8.0 s without",
    ]


def test_no_timeout_no_complaint() -> None:
    watch = Watch()

    watch.check_at(1000.0, timeout_s=0.0)

    assert watch.warnings == []


@pytest.mark.parametrize(
    ("topic", "publishers", "reliability", "topic_types", "others", "expected"),
    [
        (RAW, [], "best_effort", {}, [], ["nobody publishes there", "No topic has the type"]),
        (
            RAW,
            [],
            "best_effort",
            {},
            ["/lidar/intensity", "/robot/image_raw"],
            ["/robot/image_raw, /lidar/intensity", "-r image:=/robot/image_raw"],
        ),
        (
            RAW,
            [],
            "best_effort",
            {},
            ["/robot/image_mask", "/robot/image_depth", "/head/camera/rgb"],
            ["-r image:=/head/camera/rgb"],
        ),
        (
            ImageTopic("/robot/front/image", Image, "sensor_msgs/msg/Image", "front/image"),
            [],
            "best_effort",
            {},
            ["/head/image_raw"],
            ["-r front/image:=/head/image_raw"],
        ),
        (
            COMPRESSED,
            [],
            "best_effort",
            {},
            ["/head/image_raw/compressed"],
            ["-r image:=/head/image_raw"],
        ),
        (
            RAW,
            [],
            "best_effort",
            {"/robot/image/compressed": ["sensor_msgs/msg/CompressedImage"]},
            [],
            ["There is /robot/image/compressed: set image_transport to compressed"],
        ),
        (
            COMPRESSED,
            [],
            "best_effort",
            {"/robot/image": ["sensor_msgs/msg/Image"]},
            [],
            ["There is /robot/image: set image_transport to raw"],
        ),
        (
            RAW,
            [publisher("sensor_msgs/msg/PointCloud2")],
            "best_effort",
            {},
            [],
            ["another type than sensor_msgs/msg/Image", "/cam/driver (sensor_msgs/msg/PointCloud2"],
        ),
        (
            RAW,
            [publisher(reliability=BEST_EFFORT)],
            "reliable",
            {},
            [],
            ["asks for reliable", "/cam/driver (sensor_msgs/msg/Image, best_effort, volatile)"],
        ),
        (
            RAW,
            [publisher()],
            "reliable",
            {},
            [],
            ["send nothing", "/cam/driver (sensor_msgs/msg/Image, reliable, volatile)"],
        ),
    ],
)
def test_the_explanation_names_what_was_found(
    topic: ImageTopic,
    publishers: list[TopicEndpointInfo],
    reliability: str,
    topic_types: dict[str, list[str]],
    others: list[str],
    expected: list[str],
) -> None:
    text = explanation(topic, reliability, publishers, topic_types, others)

    for part in expected:
        assert part in text
