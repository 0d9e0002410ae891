"""Positions and markers: emotion_node and markers_node among the topics of a robot's cameras."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from glamor_ros.messages.camera_info import pinhole_camera_info
from glamor_ros.messages.image_encoding import byte_array, image_message
from glamor_ros.msg import PersonEmotion, PersonEmotionArray
from glamor_ros.srv import RecognizePeople

from .ros_peer import Camera, NodeProcess, Peer, wait_for

pytestmark = pytest.mark.integration

WIDTH, HEIGHT = 640, 480
FACE_WIDTH_M = 0.135
FOCAL_LENGTH_PX = WIDTH / 2 / math.tan(math.radians(30))
INFO = pinhole_camera_info(WIDTH, HEIGHT, 60.0, Header())
NAMES = ("front", "side", "late", "never", "zeros", "small", "latched", "silent")
LEFT_M, RIGHT_M = 1.5, 2.25
HAS_TF2_MSGS = importlib.util.find_spec("tf2_msgs") is not None


class CalibratedCamera(Camera):
    """A camera that publishes CameraInfo and depth images with its images, of the same stamp."""

    def __init__(self, peer: Peer, name: str) -> None:
        super().__init__(peer, topic=f"/{name}/image", results_topic=f"/{name}/emotions")
        self._name = name
        self._node = peer.node
        self._info: CameraInfo | None = None
        self._depth: Image | None = None
        self._publishers: dict[str, Publisher] = {}

    def send(self, name: str, message: CameraInfo | Image, *, is_latched: bool = False) -> None:
        """Publish on another topic of the camera, which is there from the first message on."""
        if name not in self._publishers:
            profile = QoSProfile(depth=5)
            if is_latched:
                profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
            self._publishers[name] = self._node.create_publisher(
                type(message), f"/{self._name}/{name}", profile
            )
        self._publishers[name].publish(message)

    def publish(self, message: Image | CompressedImage, frame_id: str = "camera") -> Time:
        stamp = self._node.get_clock().now().to_msg()
        message.header = Header(stamp=stamp, frame_id=frame_id)
        if self._info is not None:
            self.send("camera_info", self._info)
        if self._depth is not None:
            self._depth.header.stamp = stamp
            self._depth.header.frame_id = self._depth.header.frame_id or frame_id
            self.send("depth", self._depth)
        self.publish_as_it_is(message)
        return stamp

    def see(
        self,
        pixels: NDArray[np.uint8],
        *,
        info: CameraInfo | None = None,
        depth: Image | None = None,
    ) -> PersonEmotionArray:
        """The people in an image that comes with this."""
        self._info, self._depth = info, depth
        return self.process(image_message(pixels, Header()), f"{self._name}_optical")

    def close(self) -> None:
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
        super().close()


@pytest.fixture(scope="module")
def cameras(peer: Peer) -> Iterator[dict[str, CalibratedCamera]]:
    with ExitStack() as stack:
        cameras = {name: CalibratedCamera(peer, name) for name in NAMES}
        for camera in cameras.values():
            stack.push(camera.__exit__)
        # Before the node is there: only who keeps it can still be heard.
        cameras["latched"].send("camera_info", INFO, is_latched=True)
        yield cameras


@pytest.fixture(scope="module")
def emotion_node(
    start_node: Callable[..., NodeProcess],
    random_weights: Path,
    cameras: dict[str, CalibratedCamera],
) -> NodeProcess:
    node = start_node(
        "emotion_node",
        {
            "weights": random_weights,
            "cameras": list(NAMES),
            "min_detections": 1,
            "detection": "full",
            "max_coast_s": 0.0,
            "use_depth": True,
            "depth_tolerance_s": 0.001,
        },
    )
    node.wait_for_log(f"waiting for images on /{NAMES[-1]}/image")
    return node


@pytest.fixture(scope="module")
def markers_node(start_node: Callable[..., NodeProcess]) -> NodeProcess:
    return start_node(
        "markers_node",
        {
            "cameras": ["front", "side"],
            "publish_tf": True,
            "max_speed_m_s": 0.0,
            "lifetime_s": 2.5,
            "max_sped_m_s": 1.0,
            "use_depth": True,
        },
    )


def by_place(result: PersonEmotionArray) -> list[PersonEmotion]:
    return sorted(result.people, key=lambda person: person.face.x_offset)


def has_positions(result: PersonEmotionArray) -> bool:
    return bool(result.people) and all(math.isfinite(p.position.z) for p in result.people)


def has_no_position(result: PersonEmotionArray) -> bool:
    points = [person.position for person in result.people]
    return bool(points) and all(math.isnan(v) for p in points for v in (p.x, p.y, p.z))


def positions_of(
    camera: CalibratedCamera, pixels: NDArray[np.uint8], info: CameraInfo = INFO, **sent: Any
) -> list[PersonEmotion]:
    """The people from left to right, once they have positions: DDS may lose the first info."""

    def result() -> PersonEmotionArray | None:
        people = camera.see(pixels, info=info, **sent)
        return people if has_positions(people) else None

    return by_place(wait_for(result, "positions"))


def assert_estimated_by_width(people: list[PersonEmotion], face_width_m: float) -> None:
    for person in people:
        face, position = person.face, person.position
        z = FOCAL_LENGTH_PX * face_width_m / face.width
        # The message has whole pixels, and the angle is at the face, not in the image's plane.
        assert position.z == pytest.approx(z, rel=0.05)
        middle = face.x_offset + face.width / 2 - WIDTH / 2
        assert position.x == pytest.approx(middle * position.z / FOCAL_LENGTH_PX, abs=0.02)
        middle = face.y_offset + face.height / 2 - HEIGHT / 2
        assert position.y == pytest.approx(middle * position.z / FOCAL_LENGTH_PX, abs=0.02)


def depth_in_metres() -> Image:
    """Half as large as the image: one person nearer than the other, with holes."""
    values = np.full((HEIGHT // 2, WIDTH // 2), LEFT_M, np.float32)
    values[:, WIDTH // 4 :] = RIGHT_M
    values += np.random.default_rng(0).normal(0, 0.01, values.shape).astype(np.float32)
    values[::3] = math.nan
    values[1::7] = math.inf
    return depth_message(values, "32FC1")


def depth_message(values: NDArray[np.generic], encoding: str) -> Image:
    rows = values.view(np.uint8)
    return Image(
        height=values.shape[0],
        width=values.shape[1],
        encoding=encoding,
        step=rows.shape[1],
        data=byte_array(rows),
    )


def test_positions_by_the_width_of_faces(
    cameras: dict[str, CalibratedCamera], emotion_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    left, right = positions_of(cameras["front"], two_faces)

    assert_estimated_by_width([left, right], FACE_WIDTH_M)
    assert left.position.x < right.position.x
    assert left.header.frame_id == "front_optical"
    # use_depth is set for a camera that has none.
    emotion_node.wait_for_log(
        "depth is not used, distances are told by the faces' width: none has come on /front/depth"
    )


def test_faces_may_be_taken_to_be_narrower(
    peer: Peer,
    cameras: dict[str, CalibratedCamera],
    emotion_node: NodeProcess,
    two_faces: NDArray[np.uint8],
) -> None:
    assert peer.set_parameters("/emotion_node", face_width_m=0.115) == ""
    try:
        assert_estimated_by_width(positions_of(cameras["front"], two_faces), 0.115)
    finally:
        assert peer.set_parameters("/emotion_node", face_width_m=FACE_WIDTH_M) == ""
    assert "0.05" in peer.set_parameters("/emotion_node", face_width_m=0.0)


def test_calibration_that_comes_late(
    cameras: dict[str, CalibratedCamera], emotion_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    assert has_no_position(cameras["late"].see(two_faces))

    assert_estimated_by_width(positions_of(cameras["late"], two_faces), FACE_WIDTH_M)


def test_calibration_that_was_published_once_before_the_node_came(
    cameras: dict[str, CalibratedCamera], emotion_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    people = wait_for(
        lambda: next(filter(has_positions, [cameras["latched"].see(two_faces)]), None),
        "positions",
    )

    assert_estimated_by_width(by_place(people), FACE_WIDTH_M)


@pytest.mark.parametrize(
    ("name", "info", "words"),
    [
        ("zeros", CameraInfo(width=WIDTH, height=HEIGHT), "K is all zero"),
        (
            "small",
            pinhole_camera_info(320, 240, 60.0, Header()),
            "the calibration is for images of 320x240, the images have 640x480 pixels",
        ),
    ],
)
def test_calibration_that_cannot_be_used_is_said_once_and_may_be_mended(
    name: str,
    info: CameraInfo,
    words: str,
    cameras: dict[str, CalibratedCamera],
    emotion_node: NodeProcess,
    two_faces: NDArray[np.uint8],
) -> None:
    line = f"the CameraInfo on /{name}/camera_info cannot be used, and `position` is NaN: {words}"

    def is_said() -> bool:
        assert has_no_position(cameras[name].see(two_faces, info=info))
        return line in emotion_node.log

    wait_for(is_said, line)
    assert has_no_position(cameras[name].see(two_faces, info=info))
    assert emotion_node.log.count(line) == 1

    assert_estimated_by_width(positions_of(cameras[name], two_faces), FACE_WIDTH_M)


def test_depth_is_measured(
    cameras: dict[str, CalibratedCamera], emotion_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    def is_measured() -> list[PersonEmotion] | None:
        people = positions_of(cameras["side"], two_faces, depth=depth_in_metres())
        return people if abs(people[0].position.z - LEFT_M) < 0.02 else None

    left, right = wait_for(is_measured, "the depth of the left face")

    assert right.position.z == pytest.approx(RIGHT_M, abs=0.02)
    for person in (left, right):
        middle = person.face.x_offset + person.face.width / 2 - WIDTH / 2
        x = middle * person.position.z / FOCAL_LENGTH_PX
        assert person.position.x == pytest.approx(x, abs=0.02)


def test_depth_in_millimetres(
    cameras: dict[str, CalibratedCamera], emotion_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    values = np.full((HEIGHT, WIDTH), 3210, np.uint16)
    values[::2] = 0

    def is_measured() -> bool:
        people = positions_of(
            cameras["side"], two_faces, depth=depth_message(values.copy(), "16UC1")
        )
        return all(p.position.z == pytest.approx(3.21, abs=1e-3) for p in people)

    wait_for(is_measured, "the depth of both faces")


def test_depth_that_cannot_be_used_is_said_and_the_width_counts(
    cameras: dict[str, CalibratedCamera], emotion_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    of_another_frame = depth_message(np.full((HEIGHT, WIDTH), 3210, np.uint16), "16UC1")
    of_another_frame.header.frame_id = "depth_optical"
    cut_short = depth_message(np.full((HEIGHT, WIDTH), 3210, np.uint16), "16UC1")
    cut_short.height += 1
    for depth, words in (
        (depth_message(np.zeros((HEIGHT, WIDTH), np.uint16), "16UC1"), "how far a face is"),
        (depth_message(np.zeros((400, 640), np.uint16), "16UC1"), "have 640x400 pixels, the imag"),
        (depth_message(np.zeros((HEIGHT, WIDTH), np.uint8), "mono8"), "'mono8' cannot be read"),
        (of_another_frame, "are of the frame 'depth_optical', the images of 'side_optical'"),
        (cut_short, "640x481 pixels (16UC1) with rows of 1280 bytes cannot have 614400"),
    ):

        def is_said(depth: Image = depth, words: str = words) -> bool:
            people = positions_of(cameras["side"], two_faces, depth=depth)
            assert_estimated_by_width(people, FACE_WIDTH_M)
            return words in emotion_node.log

        wait_for(is_said, words)


def test_people_of_a_request_have_no_position(
    peer: Peer, emotion_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    request = RecognizePeople.Request(image=image_message(two_faces, Header(frame_id="front")))

    answer = peer.call(RecognizePeople, "/recognize_people", request)

    assert answer.success
    assert has_no_position(answer.people)


def of_stamp(arrays: list[MarkerArray], header: Header) -> list[Marker]:
    """The markers that were published of an image."""
    return [m for array in list(arrays) for m in array.markers if m.header == header]


def test_markers_above_the_heads_of_each_camera_and_their_end(
    peer: Peer,
    cameras: dict[str, CalibratedCamera],
    emotion_node: NodeProcess,
    markers_node: NodeProcess,
    two_faces: NDArray[np.uint8],
    no_face: NDArray[np.uint8],
) -> None:
    for name in ("front", "side"):
        arrays, subscription = peer.collect(MarkerArray, f"/{name}/markers")

        def shown(name: str = name, arrays: list[MarkerArray] = arrays) -> Any:
            people = positions_of(cameras[name], two_faces)
            return people if of_stamp(arrays, people[0].header) else None

        people = wait_for(shown, f"markers of {name}")
        markers = of_stamp(arrays, people[0].header)
        assert {m.header.frame_id for m in markers} == {f"{name}_optical"}
        assert [m.action for m in markers] == [Marker.ADD] * 4
        assert {(m.lifetime.sec, m.lifetime.nanosec) for m in markers} == {(2, 500_000_000)}
        for person in people:
            (text,) = [m for m in markers if m.text.startswith(f"{person.person_id}\n")]
            (bar,) = [m for m in markers if m.id == text.id and m.ns != text.ns]
            assert person.emotion_name in text.text
            for marker, above_m in ((bar, 0.17), (text, 0.3)):
                assert marker.pose.position.x == person.position.x
                assert marker.pose.position.y == pytest.approx(
                    person.position.y - above_m, abs=0.02
                )
                assert marker.pose.position.z == person.position.z

        # Who was looked for in vain is gone at once, by max_coast_s.
        gone = cameras[name].see(no_face)
        assert gone.people == []
        deleted = wait_for(lambda a=arrays, h=gone.header: of_stamp(a, h), "deletions")  # type: ignore[misc]
        assert [m.action for m in deleted] == [Marker.DELETE] * 4
        assert {(m.ns, m.id) for m in deleted} == {(m.ns, m.id) for m in markers}
        peer.node.destroy_subscription(subscription)


@pytest.mark.skipif(not HAS_TF2_MSGS, reason="tf2_msgs is not installed")
def test_a_frame_for_each_face(
    peer: Peer,
    cameras: dict[str, CalibratedCamera],
    emotion_node: NodeProcess,
    markers_node: NodeProcess,
    two_faces: NDArray[np.uint8],
) -> None:
    from tf2_msgs.msg import TFMessage

    messages, _ = peer.collect(TFMessage, "/tf")

    def published() -> Any:
        people = positions_of(cameras["front"], two_faces)
        frames = {t.child_frame_id: t for m in list(messages) for t in m.transforms}
        wanted = {f"face_{person.person_id}": person for person in people}
        return (
            [(frames[key], wanted[key]) for key in wanted]
            if wanted.keys() <= frames.keys()
            else None
        )

    for transform, person in wait_for(published, "the frames of both"):
        assert transform.header.frame_id == "front_optical"
        moved = transform.transform.translation
        place = person.position
        assert (moved.x, moved.y, moved.z) == pytest.approx((place.x, place.y, place.z), abs=1e-6)
        assert transform.transform.rotation.w == 1.0


@pytest.mark.skipif(HAS_TF2_MSGS, reason="tf2_msgs is installed")
def test_frames_without_tf2_msgs_are_said_to_be_missing(markers_node: NodeProcess) -> None:
    markers_node.wait_for_log("publish_tf is set, but tf2_msgs is not installed")


def test_unknown_parameters_are_named(markers_node: NodeProcess) -> None:
    markers_node.wait_for_log(
        "there is no parameter max_sped_m_s, which was given: is max_speed_m_s meant?"
    )
    markers_node.wait_for_log("the parameter use_depth, which was given, is none of this node's")


def test_markers_end_with_their_node(
    peer: Peer,
    cameras: dict[str, CalibratedCamera],
    emotion_node: NodeProcess,
    markers_node: NodeProcess,
    two_faces: NDArray[np.uint8],
) -> None:
    arrays, _ = peer.collect(MarkerArray, "/front/markers")

    def shown() -> list[Marker]:
        return of_stamp(arrays, positions_of(cameras["front"], two_faces)[0].header)

    markers = wait_for(shown, "markers")

    assert markers_node.stop() == 0

    wait_for(lambda: arrays[-1].markers[0].action == Marker.DELETE, "deletions")
    assert {(m.ns, m.id) for m in arrays[-1].markers} >= {(m.ns, m.id) for m in markers}
    assert "Traceback" not in markers_node.log


def test_calibration_that_never_comes_is_explained(
    peer: Peer,
    cameras: dict[str, CalibratedCamera],
    emotion_node: NodeProcess,
    two_faces: NDArray[np.uint8],
) -> None:
    silent = peer.node.create_publisher(CameraInfo, "/silent/camera_info", 5)
    assert has_no_position(cameras["silent"].see(two_faces))
    assert has_no_position(cameras["never"].see(two_faces))
    line = "no CameraInfo on /never/camera_info: `position` is NaN; nobody publishes there"
    emotion_node.wait_for_log(line)
    emotion_node.wait_for_log("or remap `never/camera_info`")
    emotion_node.wait_for_log(
        "no CameraInfo on /silent/camera_info: `position` is NaN; its publisher is silent (peer, "
        "sensor_msgs/msg/CameraInfo)"
    )
    peer.node.destroy_publisher(silent)

    assert has_no_position(cameras["never"].see(two_faces))
    assert emotion_node.log.count(line) == 1


def test_the_node_ends_cleanly(emotion_node: NodeProcess) -> None:
    assert emotion_node.stop() == 0
    assert "Traceback" not in emotion_node.log
