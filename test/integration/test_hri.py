"""hri_node and `face_source: hri` among the topics of ROS4HRI (REP-155)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from sensor_msgs.msg import Image, RegionOfInterest
from std_msgs.msg import Header

from glamor_ros.messages.image_encoding import image_message
from glamor_ros.msg import PersonEmotion, PersonEmotionArray

from .ros_peer import Camera, NodeProcess, Peer, wait_for

hri_msgs = pytest.importorskip("hri_msgs.msg", reason="hri_msgs is not installed")

pytestmark = pytest.mark.integration

FACES = "/humans/faces"
TRACKED = f"{FACES}/tracked"


def person(
    person_id: str,
    header: Header,
    *,
    x: int = 64,
    emotion: int = PersonEmotion.HAPPY,
    observed: bool = True,
) -> PersonEmotion:
    return PersonEmotion(
        header=header,
        person_id=person_id,
        face=RegionOfInterest(x_offset=x, y_offset=120, width=160, height=240),
        face_score=0.75,
        observed=observed,
        searched=True,
        emotion=emotion,
        confidence=0.625,
        valence=math.nan,
        arousal=math.nan,
    )


class EmotionTopic:
    """What emotion_node would publish of one camera, stamped by count."""

    _stamps = iter(range(1000, 100_000))

    def __init__(self, peer: Peer, namespace: str) -> None:
        self._frame_id = f"camera{namespace.replace('/', '_')}"
        self._publisher: Publisher = peer.node.create_publisher(
            PersonEmotionArray, f"{namespace}/emotions", 10
        )
        wait_for(lambda: self._publisher.get_subscription_count() > 0, "hri_node's subscription")

    def header(self) -> Header:
        return Header(stamp=Time(sec=next(self._stamps), nanosec=5), frame_id=self._frame_id)

    def publish(self, header: Header, *people: PersonEmotion) -> Header:
        self._publisher.publish(
            PersonEmotionArray(
                header=header, image_width=640, image_height=480, people=list(people)
            )
        )
        return header

    def show(self, **emotions: int) -> Header:
        """People by their ids."""
        header = self.header()
        people = [person(name, header, emotion=emotion) for name, emotion in emotions.items()]
        return self.publish(header, *people)


def of_stamp(messages: list[Any], header: Header) -> Any:
    return wait_for(
        lambda: next((m for m in list(messages) if m.header == header), None), f"{header}"
    )


def ids_at(lists: list[Any], header: Header) -> list[str]:
    return list(of_stamp(lists, header).ids)


def publisher_count(peer: Peer, face_id: str) -> int:
    return sum(
        peer.node.count_publishers(f"{FACES}/{face_id}/{name}")
        for name in ("roi", "cropped", "expression")
    )


def collected(
    peer: Peer, emotions: Callable[[], Header], message_type: Any, topic: str
) -> list[Any]:
    """The topic's messages, once the first has come while `emotions` are published."""
    messages, _ = peer.collect(message_type, topic)

    def come() -> bool:
        emotions()
        return bool(messages)

    wait_for(come, topic)
    return messages


@pytest.fixture(scope="module")
def hri_node(start_node: Callable[..., NodeProcess]) -> NodeProcess:
    return start_node("hri_node", {"cameras": ["front", "rear"], "max_silence_s": 60.0})


@pytest.fixture(scope="module")
def front(peer: Peer, hri_node: NodeProcess) -> EmotionTopic:
    return EmotionTopic(peer, "/front")


@pytest.fixture(scope="module")
def rear(peer: Peer, hri_node: NodeProcess) -> EmotionTopic:
    return EmotionTopic(peer, "/rear")


@pytest.fixture(scope="module")
def lists(peer: Peer, front: EmotionTopic) -> list[Any]:
    return collected(peer, front.show, hri_msgs.IdsList, TRACKED)


def test_one_list_of_all_cameras_with_the_image_s_header(
    front: EmotionTopic, rear: EmotionTopic, lists: list[Any]
) -> None:
    assert ids_at(lists, front.show()) == []
    assert ids_at(lists, front.show(anna=3, ben=4)) == ["anna", "ben"]
    assert sorted(ids_at(lists, rear.show(cleo=0))) == ["anna", "ben", "cleo"]
    assert sorted(ids_at(lists, front.show(ben=4))) == ["ben", "cleo"]
    assert sorted(ids_at(lists, rear.show())) == ["ben"]


def test_a_face_s_topics_live_as_long_as_the_face(
    peer: Peer, front: EmotionTopic, lists: list[Any]
) -> None:
    front.show(dora=3)
    wait_for(lambda: publisher_count(peer, "dora") == 3, "three topics")
    for topic in (TRACKED, f"{FACES}/dora/roi", f"{FACES}/dora/expression"):
        (info,) = peer.node.get_publishers_info_by_topic(topic)
        # As hri_face_detect has them.
        assert info.qos_profile.reliability == ReliabilityPolicy.RELIABLE
        assert info.qos_profile.durability == DurabilityPolicy.VOLATILE
    assert ids_at(lists, front.show()) == []
    wait_for(lambda: publisher_count(peer, "dora") == 0, "the end of the topics")


def test_regions_and_expressions_of_the_image(
    peer: Peer, front: EmotionTopic, lists: list[Any]
) -> None:
    def show() -> Header:
        return front.show(emma=PersonEmotion.FEAR, finn=PersonEmotion.UNKNOWN)

    show()
    roi_type, expression_type = hri_msgs.NormalizedRegionOfInterest2D, hri_msgs.Expression
    rois = collected(peer, show, roi_type, f"{FACES}/emma/roi")
    expressions = collected(peer, show, expression_type, f"{FACES}/emma/expression")
    unknown, _ = peer.collect(expression_type, f"{FACES}/finn/expression")

    header = show()

    roi = of_stamp(rois, header)
    assert (roi.xmin, roi.ymin, roi.xmax, roi.ymax) == pytest.approx((0.1, 0.25, 0.35, 0.75))
    assert roi.c == 0.75
    expression = of_stamp(expressions, header)
    assert (expression.expression, expression.confidence) == ("scared", 0.625)
    assert math.isnan(expression.valence)
    assert math.isnan(expression.arousal)

    # Missed: still in the list, but not told where.
    missed = front.header()
    front.publish(missed, person("emma", missed, observed=False))
    assert ids_at(lists, missed) == ["emma"]
    of_stamp(rois, front.show(emma=3))
    assert missed not in [roi.header for roi in rois]
    assert unknown == []


def test_cropped_faces_while_somebody_subscribes(
    peer: Peer, front: EmotionTopic, lists: list[Any]
) -> None:
    images = peer.node.create_publisher(Image, "/front/image", 5)
    front.show(gwen=3)
    wait_for(lambda: publisher_count(peer, "gwen") == 3, "gwen's topics")
    assert images.get_subscription_count() == 0
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[120:360, 64:224] = (50, 100, 150)

    pictures, subscription = peer.collect(Image, f"{FACES}/gwen/cropped")
    wait_for(lambda: images.get_subscription_count() == 1, "a subscription to the images")
    headers: list[Header] = []

    def come() -> bool:
        headers.append(front.header())
        images.publish(image_message(pixels, headers[-1]))
        front.publish(headers[-1], person("gwen", headers[-1]))
        return bool(pictures)

    wait_for(come, "a picture")
    picture = pictures[0]
    assert picture.header in headers
    assert (picture.width, picture.height, picture.encoding) == (128, 128, "bgr8")
    rows = np.frombuffer(picture.data, np.uint8).reshape(128, 128, 3)
    # 160x240 px scaled to 85x128, black beside it.
    assert (rows[64, 64] == (50, 100, 150)).all()
    assert not rows[:, :20].any()
    assert not rows[:, -20:].any()

    peer.node.destroy_subscription(subscription)
    wait_for(lambda: images.get_subscription_count() == 0, "the end of the subscription")


def test_an_id_that_can_have_no_topics_is_left_out(front: EmotionTopic, lists: list[Any]) -> None:
    header = front.header()
    front.publish(header, person("23bd5", header), person("hugo", header))

    assert ids_at(lists, header) == ["hugo"]


def test_another_list_of_faces_is_warned_of(peer: Peer, hri_node: NodeProcess) -> None:
    other = peer.node.create_publisher(hri_msgs.IdsList, TRACKED, 1)
    hri_node.wait_for_log("another node publishes /humans/faces/tracked")
    peer.node.destroy_publisher(other)


def test_it_takes_leave(
    peer: Peer, hri_node: NodeProcess, front: EmotionTopic, lists: list[Any]
) -> None:
    header = front.show(ines=3)
    assert ids_at(lists, header) == ["ines"]

    assert hri_node.stop() == 0

    wait_for(lambda: list(lists[-1].ids) == [], "an empty list")
    assert lists[-1].header == header
    wait_for(lambda: publisher_count(peer, "ines") == 0, "the end of the topics")
    assert "Traceback" not in hri_node.log


def test_faces_of_a_silent_camera_are_gone(
    peer: Peer, start_node: Callable[..., NodeProcess]
) -> None:
    node = start_node("hri_node", {"cameras": ["left"], "max_silence_s": 0.5})
    left = EmotionTopic(peer, "/left")
    lists = collected(peer, left.show, hri_msgs.IdsList, TRACKED)
    header = left.show(jana=3)

    assert ids_at(lists, header) == ["jana"]
    wait_for(lambda: list(lists[-1].ids) == [], "an empty list")
    assert lists[-1].header == header
    assert node.stop() == 0


def test_expressions_alone_for_faces_of_another_node(
    peer: Peer, start_node: Callable[..., NodeProcess]
) -> None:
    node = start_node("hri_node", {"cameras": ["solo"], "publish_faces": False})
    solo = EmotionTopic(peer, "/solo")
    topic = f"{FACES}/kim/expression"
    expressions = collected(peer, lambda: solo.show(kim=5), hri_msgs.Expression, topic)

    assert of_stamp(expressions, solo.show(kim=5)).expression == "sad"
    assert publisher_count(peer, "kim") == 1
    assert peer.node.count_publishers(TRACKED) == 0
    assert node.stop() == 0
    assert "Traceback" not in node.log


class FaceFinder:
    """What hri_face_detect would publish."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._tracked = peer.node.create_publisher(hri_msgs.IdsList, TRACKED, 1)
        self._rois: dict[str, Publisher] = {}

    def publish(self, header: Header, **lefts: float) -> None:
        """Faces by their ids, a quarter of the image wide and half as high."""
        for face_id, left in lefts.items():
            if face_id not in self._rois:
                self._rois[face_id] = self._peer.node.create_publisher(
                    hri_msgs.NormalizedRegionOfInterest2D, f"{FACES}/{face_id}/roi", 1
                )
            self._rois[face_id].publish(
                hri_msgs.NormalizedRegionOfInterest2D(
                    header=header, xmin=left, ymin=0.25, xmax=left + 0.25, ymax=0.75, c=0.875
                )
            )
        self._tracked.publish(hri_msgs.IdsList(header=header, ids=list(lefts)))

    def close(self) -> None:
        for publisher in (self._tracked, *self._rois.values()):
            self._peer.node.destroy_publisher(publisher)


@pytest.fixture(scope="module")
def emotion_node(start_node: Callable[..., NodeProcess], random_weights: Path) -> NodeProcess:
    process = start_node(
        "emotion_node",
        {
            "weights": random_weights,
            "face_source": "hri",
            "face_boxes": "dlib",
            "no_image_timeout_s": 1.0,
            "detector_weights": "/nowhere/detector.safetensors",  # not loaded
        },
    )
    process.wait_for_log("waiting for images on /image")
    return process


@pytest.fixture
def camera(peer: Peer, emotion_node: NodeProcess) -> Iterator[Camera]:
    with Camera(peer, topic="/image", results_topic="/emotions") as camera:
        camera.wait_for_subscriber()
        yield camera


@pytest.fixture
def finder(peer: Peer) -> Iterator[FaceFinder]:
    finder = FaceFinder(peer)
    yield finder
    finder.close()


def test_silence_is_explained(emotion_node: NodeProcess) -> None:
    emotion_node.wait_for_log("no lists of faces on /humans/faces/tracked")
    emotion_node.wait_for_log("nobody publishes there: start a face detector of ROS4HRI")


def test_people_are_where_and_who_the_faces_are(
    camera: Camera, finder: FaceFinder, no_face: NDArray[np.uint8]
) -> None:
    def step(**lefts: float) -> PersonEmotionArray | None:
        message = image_message(no_face, Header())
        camera.publish(message)
        finder.publish(message.header, **lefts)
        return next((r for r in list(camera.results) if len(r.people) == len(lefts)), None)

    result = wait_for(lambda: step(abcde=0.1, vwxyz=0.6), "two people")

    people = {p.person_id: p for p in result.people}
    assert set(people) == {"abcde", "vwxyz"}
    face = people["abcde"].face
    assert (face.x_offset, face.y_offset, face.width, face.height) == (64, 120, 160, 240)
    assert people["vwxyz"].face.x_offset == 384
    assert people["abcde"].observed
    assert people["abcde"].face_score == 0.875
    assert sum(people["abcde"].probabilities) == pytest.approx(1.0, abs=1e-5)
    assert result.header.frame_id == "camera"


def test_nobody_is_told_of_too(
    camera: Camera, finder: FaceFinder, no_face: NDArray[np.uint8]
) -> None:
    def step() -> bool:
        message = image_message(no_face, Header())
        camera.publish(message)
        finder.publish(message.header)
        return any(not result.people for result in list(camera.results))

    wait_for(step, "an image without people")


def test_faces_of_other_images_are_complained_of(
    emotion_node: NodeProcess, camera: Camera, finder: FaceFinder, no_face: NDArray[np.uint8]
) -> None:
    known = len(camera.results)

    def step() -> bool:
        message = image_message(no_face, Header())
        camera.publish(message)
        finder.publish(Header(stamp=Time(sec=5), frame_id="camera"), abcde=0.1)
        return "belong to no image of this node" in emotion_node.log

    wait_for(step, "a complaint")
    assert len(camera.results) == known


def test_it_ends_cleanly(emotion_node: NodeProcess) -> None:
    assert emotion_node.stop() == 0
    assert "Traceback" not in emotion_node.log
    assert "faces from /humans/faces/tracked" in emotion_node.log


def test_several_cameras_are_told_apart_by_their_frames(
    peer: Peer,
    start_node: Callable[..., NodeProcess],
    random_weights: Path,
    finder: FaceFinder,
    no_face: NDArray[np.uint8],
) -> None:
    node = start_node(
        "emotion_node",
        {"weights": random_weights, "face_source": "hri", "cameras": ["near", "far"]},
    )
    node.wait_for_log("waiting for images on /far/image")
    with (
        Camera(peer, topic="/near/image", results_topic="/near/emotions") as near,
        Camera(peer, topic="/far/image", results_topic="/far/emotions") as far,
    ):
        near.wait_for_subscriber()
        far.wait_for_subscriber()

        def step() -> bool:
            for camera, face in ((near, {"nina": 0.1}), (far, {"fred": 0.6})):
                message = image_message(no_face, Header())
                camera.publish(message, camera.topic)
                finder.publish(message.header, **face)
            return all(any(r.people for r in list(camera.results)) for camera in (near, far))

        wait_for(step, "people before both")
        for camera, name in ((near, "nina"), (far, "fred")):
            ids = {p.person_id for result in camera.results for p in result.people}
            assert ids == {name}
    assert node.stop() == 0
