"""One emotion_node with two cameras, of different sizes, rates and encodings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from glamor_ros.messages.image_encoding import byte_array, image_message
from glamor_ros.msg import PersonEmotionArray

from .ros_peer import Camera, NodeProcess, Peer, wait_for

pytestmark = pytest.mark.integration

FRONT, REAR = "/robot/front", "/robot/rear"
TOPICS = ("emotions", "attention", "attention_image", "annotated_image")


@pytest.fixture(scope="module")
def emotion_node(start_node: Callable[..., NodeProcess], random_weights: Path) -> NodeProcess:
    node = start_node(
        "emotion_node",
        {
            "weights": random_weights,
            "cameras": ["front", "rear"],
            "min_detections": 1,
            "detection": "full",
            "smoothing_time_constant_s": 0.0,
            "max_coast_s": 60.0,
        },
        *("-r", "__ns:=/robot", "-r", "rear/image:=/usb_cam/image_raw"),
    )
    node.wait_for_log("waiting for images on /usb_cam/image_raw")
    return node


@pytest.fixture
def front(peer: Peer, emotion_node: NodeProcess) -> Iterator[Camera]:
    with Camera(peer, topic=f"{FRONT}/image", results_topic=f"{FRONT}/emotions") as camera:
        yield camera


@pytest.fixture
def rear(peer: Peer, emotion_node: NodeProcess) -> Iterator[Camera]:
    with Camera(peer, topic="/usb_cam/image_raw", results_topic=f"{REAR}/emotions") as camera:
        yield camera


@pytest.fixture(scope="module")
def one_face(two_faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The left person of the photograph, larger, in an image of another size and shape."""
    return cv2.resize(two_faces[:, :320], (480, 720)).astype(np.uint8)


@contextmanager
def sending(camera: Camera, make: Callable[[], Image], rate_hz: float) -> Iterator[None]:
    """Images at a rate, from a thread of their own."""
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(1 / rate_hz):
            camera.publish(make(), camera.topic)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def probabilities(result: PersonEmotionArray) -> NDArray[np.float32]:
    people = sorted(result.people, key=lambda person: person.face.x_offset)
    return np.array([person.frame_probabilities for person in people])


def test_each_camera_has_its_topics(peer: Peer, emotion_node: NodeProcess) -> None:
    for namespace in (FRONT, REAR):
        for topic in TOPICS:
            wait_for(
                lambda name=f"{namespace}/{topic}": peer.node.count_publishers(name) == 1,  # type: ignore[misc]
                topic,
            )
    assert peer.node.count_publishers("/robot/emotions") == 0


def test_each_gets_its_own_people_ids_and_stamps(
    front: Camera,
    rear: Camera,
    two_faces: NDArray[np.uint8],
    one_face: NDArray[np.uint8],
) -> None:
    alone_front = front.process(image_message(two_faces, Header()))
    alone_rear = rear.process(image_message(one_face, Header(), "rgb8"))
    sent_front = len(front.results)
    sent_rear = len(rear.results)

    with (
        sending(front, lambda: image_message(two_faces, Header()), 9.0),
        sending(rear, lambda: image_message(one_face, Header(), "rgb8"), 4.0),
    ):
        wait_for(
            lambda: len(front.results) >= sent_front + 8 and len(rear.results) >= sent_rear + 5,
            "images of both",
        )

    for camera, alone, begin in (
        (front, alone_front, sent_front),
        (rear, alone_rear, sent_rear),
    ):
        results = camera.results[begin:]
        stamps = [r.header.stamp.sec + r.header.stamp.nanosec * 1e-9 for r in results]
        assert stamps == sorted(set(stamps))
        for result in results:
            assert result.header.frame_id == camera.topic
            assert (result.image_width, result.image_height) == (
                alone.image_width,
                alone.image_height,
            )
            assert {p.person_id for p in result.people} == {p.person_id for p in alone.people}
            # In a batch with the other camera's image or alone: the same.
            assert np.abs(probabilities(result) - probabilities(alone)).max() <= 1e-5
    assert (len(alone_front.people), len(alone_rear.people)) == (2, 1)
    ids = [{p.person_id for p in alone.people} for alone in (alone_front, alone_rear)]
    assert not ids[0] & ids[1]


def test_a_camera_that_stops_and_returns_leaves_the_other_alone(
    front: Camera, rear: Camera, two_faces: NDArray[np.uint8], one_face: NDArray[np.uint8]
) -> None:
    front.process(image_message(two_faces, Header()))
    with sending(front, lambda: image_message(two_faces, Header()), 8.0):
        with sending(rear, lambda: image_message(one_face, Header()), 8.0):
            rear.wait_for_subscriber()
            wait_for(lambda: len(rear.results) >= 2, "the rear's images")
        both = len(front.results)
        wait_for(lambda: len(front.results) >= both + 5, "the front's images, alone")
        returned = len(rear.results)
        with sending(rear, lambda: image_message(one_face, Header()), 8.0):
            wait_for(lambda: len(rear.results) >= returned + 2, "the rear's images again")

    assert all(len(result.people) == 2 for result in front.results[both : both + 5])


def test_rubbish_on_one_disturbs_no_other(
    front: Camera, rear: Camera, emotion_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    def rubbish() -> Image:
        message = image_message(two_faces, Header())
        message.data = byte_array(two_faces[:100])
        return message

    begun = front.process(image_message(two_faces, Header())).header.stamp
    rear.wait_for_subscriber()
    with sending(rear, rubbish, 20.0):
        emotion_node.wait_for_log("skipped an unusable image on /usb_cam/image_raw")
        results = [front.process(image_message(two_faces, Header())) for _ in range(5)]

    assert all(len(result.people) == 2 for result in results)
    since = [
        r
        for r in rear.results
        if (r.header.stamp.sec, r.header.stamp.nanosec) > (begun.sec, begun.nanosec)
    ]
    assert since == []
    assert "unusable image on /robot/front/image" not in emotion_node.log


def test_it_ends_with_a_summary_of_each(emotion_node: NodeProcess) -> None:
    assert emotion_node.stop() == 0
    assert "/robot/front/image: " in emotion_node.log
    assert "/usb_cam/image_raw: " in emotion_node.log
    assert "Traceback" not in emotion_node.log
