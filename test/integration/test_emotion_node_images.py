"""One running emotion_node gets images as cameras send them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from glamor_ros.messages.image_encoding import SENDABLE_ENCODINGS, byte_array, image_message
from glamor_ros.msg import AttentionMapArray, PersonEmotionArray
from glamor_ros.network.circumplex import valence_and_arousal

from .ros_peer import Camera, NodeProcess, Peer, wait_for

pytestmark = pytest.mark.integration

LOSSLESS = ("bgr8", "rgb8", "bgra8", "rgba8")
# The detector's boxes lie on a grid that is finer than this; what an encoding loses may move them
# to the next place.
LOSSY_BOX_TOLERANCE_PX = 12
# Of the probabilities of a network whose random classifier makes much of small differences.
LOSSY_PROBABILITY_TOLERANCE = 0.25


@pytest.fixture(scope="module")
def emotion_node(start_node: Callable[..., NodeProcess], random_weights: Path) -> NodeProcess:
    parameters = {
        "weights": random_weights,
        "min_detections": 1,
        "detection": "full",
        # Random weights are sure of nothing; their emotions are named nevertheless.
        "unknown_below_confidence": 0.0,
    }
    return start_node("emotion_node", parameters)


@pytest.fixture
def camera(peer: Peer, emotion_node: NodeProcess) -> Iterator[Camera]:
    with Camera(peer) as camera:
        yield camera


@pytest.fixture(scope="module")
def people_in_bgr8(
    peer: Peer, emotion_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> PersonEmotionArray:
    with Camera(peer) as camera:
        return camera.process(image_message(two_faces, Header()))


def faces(result: PersonEmotionArray) -> NDArray[np.int64]:
    """Left, top, right, bottom of each, from left to right."""
    boxes = [
        (f.x_offset, f.y_offset, f.x_offset + f.width, f.y_offset + f.height)
        for f in (person.face for person in result.people)
    ]
    return np.array(sorted(boxes))


def probabilities(result: PersonEmotionArray) -> NDArray[np.float32]:
    people = sorted(result.people, key=lambda person: person.face.x_offset)
    return np.array([person.frame_probabilities for person in people])


def test_people_are_found(people_in_bgr8: PersonEmotionArray) -> None:
    assert (people_in_bgr8.image_width, people_in_bgr8.image_height) == (640, 480)
    assert len(people_in_bgr8.people) == 2
    assert len({person.person_id for person in people_in_bgr8.people}) == 2
    assert 0 < people_in_bgr8.latency < 60
    for person in people_in_bgr8.people:
        assert person.observed
        assert person.searched
        assert (person.since_detection.sec, person.since_detection.nanosec) == (0, 0)
        assert person.header == people_in_bgr8.header
        assert person.probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert person.probabilities[person.emotion] == person.confidence
        assert person.face_weight + person.context_weight == pytest.approx(1, abs=1e-5)
        derived = valence_and_arousal(np.asarray(person.probabilities, np.float32))
        assert (person.valence, person.arousal) == pytest.approx(derived, abs=1e-5)
        assert math.isnan(person.position.z)


@pytest.mark.parametrize("encoding", SENDABLE_ENCODINGS)
def test_every_encoding_gives_the_same_people(
    camera: Camera, two_faces: NDArray[np.uint8], people_in_bgr8: PersonEmotionArray, encoding: str
) -> None:
    result = camera.process(image_message(two_faces, Header(), encoding))

    assert len(result.people) == 2
    box_tolerance_px = 0 if encoding in LOSSLESS else LOSSY_BOX_TOLERANCE_PX
    assert np.abs(faces(result) - faces(people_in_bgr8)).max() <= box_tolerance_px
    difference = np.abs(probabilities(result) - probabilities(people_in_bgr8)).max()
    # Grey takes the colours away, which a random network minds as much as anything else.
    if encoding in LOSSLESS:
        assert difference <= 1e-6
    elif not encoding.startswith("mono"):
        assert difference <= LOSSY_PROBABILITY_TOLERANCE


def test_the_header_comes_through(camera: Camera, two_faces: NDArray[np.uint8], peer: Peer) -> None:
    attention, subscription = peer.collect(AttentionMapArray, "attention")
    camera.wait_for_subscriber()
    wait_for(lambda: peer.node.count_publishers("/attention") == 1, "the attention's publisher")

    stamps = [
        camera.process(image_message(two_faces, Header()), frame_id).header.stamp
        for frame_id in ("left_camera_optical", "")
    ]

    results = [camera.result_of(stamp) for stamp in stamps]
    assert [r.header.frame_id for r in results] == ["left_camera_optical", ""]
    maps = wait_for(
        lambda: next((m for m in attention if m.header == results[1].header), None), "attention"
    )
    assert [m.person_id for m in maps.maps] == [p.person_id for p in results[1].people]
    for attention_map in maps.maps:
        assert (attention_map.height, attention_map.width) == (7, 7)
        assert sum(attention_map.weights) == pytest.approx(1, abs=1e-4)
        region = attention_map.region
        assert region.x_offset + region.width <= 640
        assert region.y_offset + region.height <= 480
    peer.node.destroy_subscription(subscription)


def test_a_face_that_stays_keeps_its_id(camera: Camera, two_faces: NDArray[np.uint8]) -> None:
    first, second = (camera.process(image_message(two_faces, Header())) for _ in range(2))

    assert [p.person_id for p in second.people] == [p.person_id for p in first.people]
    duration = second.people[0].tracked_for
    assert duration.sec + duration.nanosec > 0


def test_an_image_without_a_face_gives_an_empty_array(
    camera: Camera, no_face: NDArray[np.uint8], two_faces: NDArray[np.uint8]
) -> None:
    # People seen before would be expected to come back for a moment.
    result = camera.process(image_message(no_face, Header()))
    while result.people:
        assert not any(person.observed for person in result.people)
        result = camera.process(image_message(no_face, Header()))

    assert (result.image_width, result.image_height) == (640, 480)
    assert len(camera.process(image_message(two_faces, Header())).people) == 2


@pytest.mark.parametrize("reliability", [ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE])
def test_publishers_of_either_reliability_are_heard(
    peer: Peer,
    emotion_node: NodeProcess,
    two_faces: NDArray[np.uint8],
    reliability: ReliabilityPolicy,
) -> None:
    with Camera(peer, reliability=reliability) as camera:
        result = camera.process(image_message(two_faces, Header()))

    assert len(result.people) == 2


@pytest.mark.parametrize("reliability", [ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE])
def test_a_second_subscriber_joins_late(
    camera: Camera, peer: Peer, two_faces: NDArray[np.uint8], reliability: ReliabilityPolicy
) -> None:
    camera.process(image_message(two_faces, Header()))

    late, subscription = peer.collect(PersonEmotionArray, "emotions", reliability)
    wait_for(lambda: subscription.get_publisher_count() == 1, "a match")
    camera.process(image_message(two_faces, Header()))
    # Discovery goes both ways: the node may not yet have known of the subscriber.
    wait_for(lambda: late or not camera.process(image_message(two_faces, Header())), "the late one")

    peer.node.destroy_subscription(subscription)
    assert len(late[0].people) == 2


def truncated(image: NDArray[np.uint8]) -> Image:
    message = image_message(image, Header())
    message.data = byte_array(image[:100])
    return message


def mislabelled(image: NDArray[np.uint8]) -> Image:
    message = image_message(image, Header())
    message.encoding = "bgra8"
    return message


def unknown(image: NDArray[np.uint8]) -> Image:
    message = image_message(image, Header())
    message.encoding = "h264"
    return message


def tiny(image: NDArray[np.uint8]) -> Image:
    return image_message(np.ascontiguousarray(image[:1, :1]), Header())


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (truncated, "needs 921600 bytes of data, but 192000 came"),
        (mislabelled, "step is 1920, but a row takes 2560 bytes"),
        (unknown, "unknown encoding 'h264'; the known ones are bgr8, rgb8"),
    ],
)
def test_an_unusable_image_is_reported_and_skipped(
    camera: Camera,
    emotion_node: NodeProcess,
    two_faces: NDArray[np.uint8],
    spoil: Callable[[NDArray[np.uint8]], Image],
    complaint: str,
) -> None:
    camera.wait_for_subscriber()
    spoiled_stamp = camera.publish(spoil(two_faces))
    # The report may be held back because there was one shortly before.
    while complaint not in emotion_node.log:
        good = camera.process(image_message(two_faces, Header()))
        assert len(good.people) == 2
        spoiled_stamp = camera.publish(spoil(two_faces))
    good = camera.process(image_message(two_faces, Header()))

    assert len(good.people) == 2
    assert spoiled_stamp not in [result.header.stamp for result in camera.results]
    assert "skipped an unusable image on /image" in emotion_node.log
    assert "Traceback" not in emotion_node.log


def test_an_image_of_one_pixel_does_no_harm(
    camera: Camera, two_faces: NDArray[np.uint8], emotion_node: NodeProcess
) -> None:
    camera.wait_for_subscriber()
    camera.publish(tiny(two_faces))

    assert len(camera.process(image_message(two_faces, Header())).people) == 2
    assert "Traceback" not in emotion_node.log


def test_images_without_a_stamp_are_processed(
    camera: Camera, emotion_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    camera.process(image_message(two_faces, Header()))
    camera.publish_as_it_is(image_message(two_faces, Header(frame_id="unstamped")))

    result = wait_for(
        lambda: next((r for r in list(camera.results) if r.header.frame_id == "unstamped"), None),
        "the people of the unstamped image",
    )

    assert (result.header.stamp.sec, result.header.stamp.nanosec) == (0, 0)
    assert math.isnan(result.latency)
    assert len(result.people) == 2
    assert "have no stamp" in emotion_node.log
