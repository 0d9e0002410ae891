"""The services of emotion_node and what it says of itself, over DDS."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool, Trigger

from glamor_ros.messages.image_encoding import compressed_image_message, image_message
from glamor_ros.srv import RecognizePeople

from .ros_peer import Camera, NodeProcess, Peer, wait_for

pytestmark = pytest.mark.integration

NODE = "/emotion_node"


@pytest.fixture(scope="module")
def node(
    peer: Peer, start_node: Callable[..., NodeProcess], two_faces: NDArray[np.uint8]
) -> NodeProcess:
    """An active node without cameras' images; each test leaves it enabled."""
    node = start_node("emotion_node", {"min_detections": 1, "detection": "full"})
    node.wait_for_log("waiting for images")
    return node


@pytest.fixture
def camera(peer: Peer, node: NodeProcess) -> Iterator[Camera]:
    with Camera(peer) as camera:
        yield camera


def enable(peer: Peer, data: bool) -> SetBool.Response:
    return peer.call(SetBool, "/enable", SetBool.Request(data=data))


def recognize(peer: Peer, **images: object) -> RecognizePeople.Response:
    return peer.call(RecognizePeople, "/recognize_people", RecognizePeople.Request(**images))


def status_when(
    peer: Peer, name: str, is_wanted: Callable[[DiagnosticStatus], bool]
) -> DiagnosticStatus:
    messages, subscription = peer.collect(DiagnosticArray, "/diagnostics")
    try:
        return wait_for(
            lambda: next(
                (s for m in list(messages) for s in m.status if s.name == name and is_wanted(s)),
                None,
            ),
            f"the status {name}; came: {messages[-1:]}",
        )
    finally:
        peer.node.destroy_subscription(subscription)


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    return {value.key: value.value for value in status.values}


def ids(result: object) -> set[str]:
    return {person.person_id for person in result.people}  # type: ignore[attr-defined]


def test_an_image_on_request_leaves_the_tracks_alone(
    peer: Peer, camera: Camera, two_faces: NDArray[np.uint8], no_face: NDArray[np.uint8]
) -> None:
    followed = ids(camera.process(image_message(two_faces, Header())))
    header = Header(frame_id="album")
    header.stamp.sec = 5
    answer = recognize(peer, image=image_message(two_faces, header))
    assert answer.success
    assert answer.message == "faces found: 2"
    assert answer.people.header == header
    assert (answer.people.image_width, answer.people.image_height) == (640, 480)
    assert math.isnan(answer.people.latency)
    assert not ids(answer.people) & followed
    assert len(ids(answer.people)) == 2
    assert all(p.unknown_reason != "not read" and p.observed for p in answer.people.people)
    nobody = recognize(peer, compressed_image=compressed_image_message(no_face, Header()))
    assert nobody.success
    assert list(nobody.people.people) == []
    assert ids(camera.process(image_message(two_faces, Header()))) == followed


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ({}, "no image in the request"),
        (
            {
                "image": Image(encoding="bgr8", height=1, width=1, step=3, data=[0] * 3),
                "compressed_image": CompressedImage(data=[1]),
            },
            "fill in one of them",
        ),
        ({"image": Image(encoding="rgb9", height=1, width=1, step=3, data=[0] * 3)}, "rgb9"),
        ({"compressed_image": CompressedImage(format="jpeg", data=[1, 2, 3])}, "jpeg"),
    ],
)
def test_what_is_no_image_is_said(
    peer: Peer, node: NodeProcess, images: dict[str, object], words: str
) -> None:
    answer = recognize(peer, **images)
    assert not answer.success
    assert words in answer.message


def test_requests_and_camera_take_turns(
    peer: Peer, camera: Camera, two_faces: NDArray[np.uint8]
) -> None:
    camera.process(image_message(two_faces, Header()))
    client = peer.node.create_client(RecognizePeople, "/recognize_people")
    wait_for(client.service_is_ready, "the service")
    request = RecognizePeople.Request(image=image_message(two_faces, Header()))
    answers = [client.call_async(request) for _ in range(5)]
    camera.process(image_message(two_faces, Header()))
    for answer in answers:
        wait_for(answer.done, "an answer")
        assert answer.result().success
    assert len(set().union(*(ids(answer.result().people) for answer in answers))) == 10
    peer.node.destroy_client(client)


def test_reset_gives_everybody_a_new_id(
    peer: Peer, camera: Camera, two_faces: NDArray[np.uint8]
) -> None:
    before = ids(camera.process(image_message(two_faces, Header())))
    answer = peer.call(Trigger, "/reset_people", Trigger.Request())
    assert answer.success, answer.message
    after = ids(camera.process(image_message(two_faces, Header())))
    assert len(before) == len(after) == 2
    assert not before & after


def test_a_paused_node_watches_no_camera_and_still_answers(
    peer: Peer, camera: Camera, two_faces: NDArray[np.uint8]
) -> None:
    camera.process(image_message(two_faces, Header()))
    assert enable(peer, False).success
    assert enable(peer, False).success  # a second time changes nothing
    wait_for(lambda: not peer.node.get_subscriptions_info_by_topic(camera.topic), "no subscriber")
    published = len(camera.results)
    for _ in range(3):
        camera.publish(image_message(two_faces, Header()))
    status = status_when(peer, "emotion_node: camera", lambda s: s.message == "paused")
    assert status.level == DiagnosticStatus.OK
    # The answer comes from the thread that would have published the images before it.
    assert recognize(peer, image=image_message(two_faces, Header())).success
    assert len(camera.results) == published
    assert enable(peer, True).success
    assert len(ids(camera.process(image_message(two_faces, Header())))) == 2


def test_diagnostics_of_a_node_at_work(
    peer: Peer, camera: Camera, two_faces: NDArray[np.uint8]
) -> None:
    camera.process(image_message(two_faces, Header()))
    status = status_when(
        peer,
        "emotion_node: networks",
        lambda s: {"time search [ms]", "time recognize [ms]"} <= set(values_of(s)),
    )
    values = values_of(status)
    assert status.level == DiagnosticStatus.OK
    assert status.message == "active"
    assert status.hardware_id == values["device"] != ""
    assert values["weights"] == "as shipped"
    assert values["detector"] == "mmod"
    for stage in ("decode", "plan", "search", "track", "recognize", "publish"):
        assert float(values[f"time {stage} [ms]"]) > 0, stage
    camera_status = status_when(
        peer, "emotion_node: camera", lambda s: float(values_of(s)["rate published [Hz]"]) > 0
    )
    values = values_of(camera_status)
    assert camera_status.hardware_id == values["topic"] == camera.topic
    assert values["people"] == "2"
    assert int(values["published"]) <= int(values["received"])
    assert float(values["latency p50 [ms]"]) <= float(values["latency p95 [ms]"])
    assert {"dropped", "late", "rejected", "failed"} <= set(values)


def test_levels_follow_what_happens(
    peer: Peer, camera: Camera, two_faces: NDArray[np.uint8]
) -> None:
    status_when(peer, "emotion_node: camera", lambda s: s.level == DiagnosticStatus.STALE)
    assert not peer.set_parameters(NODE, diagnostics_min_rate_hz=1000.0)
    camera.process(image_message(two_faces, Header()))
    warned = status_when(peer, "emotion_node: camera", lambda s: s.level == DiagnosticStatus.WARN)
    assert warned.message.endswith("less than 1000 Hz")
    assert not peer.set_parameters(
        NODE, diagnostics_min_rate_hz=0.0, diagnostics_max_latency_s=1e-6
    )
    slow = status_when(peer, "emotion_node: camera", lambda s: "latency" in s.message)
    assert slow.level == DiagnosticStatus.WARN
    assert not peer.set_parameters(NODE, diagnostics_min_rate_hz=1.0, diagnostics_max_latency_s=1.0)


def test_compressed_pictures_show_the_raw_ones_and_blurred_ones_nobody(
    peer: Peer, camera: Camera, two_faces: NDArray[np.uint8]
) -> None:
    raw, raw_subscription = peer.collect(Image, "annotated_image")
    compressed, subscription = peer.collect(CompressedImage, "annotated_image/compressed")
    panels, panel_subscription = peer.collect(CompressedImage, "attention_image/compressed")
    collected = (raw, compressed, panels)

    def newest_picture() -> NDArray[np.uint8]:
        for messages in collected:
            messages.clear()

        def came() -> bool:
            camera.process(image_message(two_faces, Header()))
            return all(collected)

        wait_for(came, "the pictures")
        assert raw[-1].header.frame_id == compressed[-1].header.frame_id == "camera"
        picture = cv2.imdecode(np.frombuffer(compressed[-1].data, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        return picture.astype(np.uint8)

    sharp = newest_picture()
    assert compressed[-1].format == "bgr8; jpeg compressed bgr8"
    drawn = np.frombuffer(raw[-1].data, np.uint8).reshape(480, 640, 3)
    assert sharp.shape == drawn.shape
    assert np.abs(sharp.astype(int) - drawn).mean() < 4
    size_before = len(compressed[-1].data)
    assert not peer.set_parameters(NODE, jpeg_quality=10)
    newest_picture()
    assert len(compressed[-1].data) < size_before / 2
    assert not peer.set_parameters(NODE, jpeg_quality=90, blur_faces=True)
    camera.process(image_message(two_faces, Header()))
    blurred = newest_picture()
    for person in camera.results[-1].people:
        face = person.face
        # Inside the outline and away from the label.
        rows = slice(face.y_offset + face.height // 4, face.y_offset + face.height * 3 // 4)
        columns = slice(face.x_offset + face.width // 4, face.x_offset + face.width * 3 // 4)
        detail, left = (
            cv2.Laplacian(picture[rows, columns], cv2.CV_32F).std() for picture in (sharp, blurred)
        )
        assert left < detail / 4
    assert recognize(peer, image=image_message(blurred, Header())).people.people == []
    assert not peer.set_parameters(NODE, blur_faces=False)
    for one in (raw_subscription, subscription, panel_subscription):
        peer.node.destroy_subscription(one)


def test_services_say_in_which_state_the_node_is(
    peer: Peer, node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    assert peer.change_state(NODE, Transition.TRANSITION_DEACTIVATE)
    assert "the node is inactive" in enable(peer, False).message
    assert peer.change_state(NODE, Transition.TRANSITION_CLEANUP)
    answer = recognize(peer, image=image_message(two_faces, Header()))
    assert not answer.success
    assert answer.message == ("the node is unconfigured: activate it to have images recognized")
    assert not peer.call(Trigger, "/reset_people", Trigger.Request()).success
    status = status_when(peer, "emotion_node: networks", lambda s: s.message == "unconfigured")
    assert status.level == DiagnosticStatus.WARN
