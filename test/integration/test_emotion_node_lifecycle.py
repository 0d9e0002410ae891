"""emotion_node as a process: its states, its parameters, and how it ends."""

from __future__ import annotations

import itertools
import re
import signal
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from lifecycle_msgs.msg import Transition
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from glamor_ros.messages.image_encoding import compressed_image_message, image_message
from glamor_ros.nodes.common.parameter_spec import Changes
from glamor_ros.nodes.emotion.parameters import EMOTION_PARAMETERS
from glamor_ros.resources import share_directory

from .ros_peer import Camera, NodeProcess, Peer, wait_for

pytestmark = pytest.mark.integration

NODE = "/emotion_node"
CONFIGURE = Transition.TRANSITION_CONFIGURE
ACTIVATE = Transition.TRANSITION_ACTIVATE
DEACTIVATE = Transition.TRANSITION_DEACTIVATE
CLEANUP = Transition.TRANSITION_CLEANUP
OUTPUTS = ("/emotions", "/attention", "/attention_image", "/annotated_image")


@pytest.fixture(scope="module")
def managed_node(start_node: Callable[..., NodeProcess], random_weights: Path) -> NodeProcess:
    """Waits for its lifecycle manager. The tests of this file leave it unconfigured."""
    return start_node(
        "emotion_node",
        {"weights": random_weights, "autostart": False, "min_detections": 1, "detection": "full"},
    )


def published(peer: Peer) -> list[str]:
    return [topic for topic in OUTPUTS if peer.node.count_publishers(topic)]


def bring_up(peer: Peer) -> None:
    assert peer.change_state(NODE, CONFIGURE)
    assert peer.change_state(NODE, ACTIVATE)


def take_down(peer: Peer) -> None:
    assert peer.change_state(NODE, DEACTIVATE)
    assert peer.change_state(NODE, CLEANUP)


def test_it_waits_unconfigured_for_its_manager(peer: Peer, managed_node: NodeProcess) -> None:
    assert peer.state(NODE) == "unconfigured"
    assert published(peer) == []


def test_transitions_build_and_take_down(
    peer: Peer, managed_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    thread_counts = []
    for _ in range(2):
        assert peer.change_state(NODE, CONFIGURE)
        assert peer.state(NODE) == "inactive"
        wait_for(lambda: published(peer) == list(OUTPUTS), "the outputs")
        assert peer.node.count_subscribers("/image") == 0

        assert peer.change_state(NODE, ACTIVATE)
        assert peer.state(NODE) == "active"
        with Camera(peer) as camera:
            assert len(camera.process(image_message(two_faces, Header())).people) == 2
        expected_threads = managed_node.thread_count - 2  # one observes, one draws

        assert peer.change_state(NODE, DEACTIVATE)
        assert peer.state(NODE) == "inactive"
        wait_for(lambda: peer.node.count_subscribers("/image") == 0, "no subscriber")
        assert published(peer) == list(OUTPUTS)
        wait_for(
            lambda count=expected_threads: managed_node.thread_count == count,  # type: ignore[misc]
            "the threads' end",
        )

        assert peer.change_state(NODE, CLEANUP)
        assert peer.state(NODE) == "unconfigured"
        wait_for(lambda: published(peer) == [], "no outputs")
        thread_counts.append(managed_node.thread_count)
    assert thread_counts[1] == thread_counts[0]
    assert "received" in managed_node.log


def test_an_impossible_transition_is_refused(peer: Peer, managed_node: NodeProcess) -> None:
    assert not peer.change_state(NODE, ACTIVATE)

    assert peer.state(NODE) == "unconfigured"
    assert re.search(r"transition 3 is refused in the state unconfigured", managed_node.log)


def test_a_deactivated_node_ignores_images_and_goes_on_later(
    peer: Peer, managed_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    bring_up(peer)
    with Camera(peer) as camera:
        camera.process(image_message(two_faces, Header()))
        assert peer.change_state(NODE, DEACTIVATE)
        ignored = camera.publish(image_message(two_faces, Header()))
        assert peer.change_state(NODE, ACTIVATE)
        camera.process(image_message(two_faces, Header()))

        assert ignored not in [result.header.stamp for result in camera.results]
    take_down(peer)


def test_missing_and_damaged_weights_leave_it_unconfigured(
    peer: Peer, managed_node: NodeProcess, random_weights: Path, tmp_path: Path
) -> None:
    truncated = tmp_path / "truncated.safetensors"
    truncated.write_bytes(random_weights.read_bytes()[:5000])
    for weights, complaint in (
        (tmp_path / "absent.safetensors", "configure failed: no weights file at"),
        (truncated, "is no readable safetensors file"),
    ):
        assert peer.set_parameters(NODE, weights=str(weights)) == ""
        assert not peer.change_state(NODE, CONFIGURE)
        assert peer.state(NODE) == "unconfigured"
        assert published(peer) == []
        assert complaint in managed_node.log
        assert str(weights) in managed_node.log
    assert peer.set_parameters(NODE, weights=str(random_weights)) == ""
    bring_up(peer)
    take_down(peer)
    assert "Traceback" not in managed_node.log


def test_an_unusable_device_or_detector_is_named(peer: Peer, managed_node: NodeProcess) -> None:
    for parameter, value, default, complaint in (
        ("device", "quantum", "auto", "device 'quantum' cannot be used"),
        ("detector", "dlib_cnn", "mmod", "needs its network file"),
    ):
        assert peer.set_parameters(NODE, **{parameter: value}) == ""
        assert not peer.change_state(NODE, CONFIGURE)
        assert complaint in managed_node.log
        assert peer.set_parameters(NODE, **{parameter: default}) == ""


def test_parameters_while_it_runs(
    peer: Peer, managed_node: NodeProcess, two_faces: NDArray[np.uint8]
) -> None:
    bring_up(peer)
    for change, reason in (
        ({"context_mode": "per_person"}, "context_mode counts when the node is configured"),
        ({"autostart": True}, "read-only"),
        ({"min_face_size_px": -1}, "out of range"),
        ({"cameras": ["front"]}, "cameras counts when the node is configured"),
    ):
        assert reason in peer.set_parameters(NODE, **change)

    with Camera(peer) as camera:
        assert len(camera.process(image_message(two_faces, Header())).people) == 2
        assert peer.set_parameters(NODE, min_face_size_px=500, max_coast_s=0.0) == ""
        assert len(camera.process(image_message(two_faces, Header())).people) == 0
        assert peer.set_parameters(NODE, min_face_size_px=0, max_coast_s=0.5) == ""
        assert len(camera.process(image_message(two_faces, Header())).people) == 2
    take_down(peer)
    assert peer.set_parameters(NODE, context_mode="per_person") == ""
    assert peer.set_parameters(NODE, context_mode="shared") == ""


def test_parameters_are_described(peer: Peer, managed_node: NodeProcess) -> None:
    names = [spec.name for spec in EMOTION_PARAMETERS]

    for spec, descriptor in zip(EMOTION_PARAMETERS, peer.descriptors(NODE, names), strict=True):
        assert descriptor.description == spec.description
        assert descriptor.read_only == (spec.changes is Changes.AT_START)
    assert "smoothing_time_constant_s" in names
    index = names.index("detector_upsample")
    assert peer.parameter_values(NODE, names)[index] == 0


def test_compressed_images_below_a_remapped_topic(
    peer: Peer,
    start_node: Callable[..., NodeProcess],
    random_weights: Path,
    two_faces: NDArray[np.uint8],
) -> None:
    node = start_node(
        "emotion_node",
        {
            "weights": random_weights,
            "image_transport": "compressed",
            "min_detections": 1,
            "detection": "full",
        },
        "-r",
        "image:=/front/image_raw",
        "-r",
        "__ns:=/robot",
    )
    with Camera(
        peer,
        message_type=CompressedImage,
        topic="/front/image_raw/compressed",
        results_topic="/robot/emotions",
    ) as camera:
        jpeg = camera.process(compressed_image_message(two_faces, Header()))
        png = CompressedImage(format="png", data=cv2.imencode(".png", two_faces)[1].tobytes())
        lossless = camera.process(png)
        spoiled = compressed_image_message(two_faces, Header())
        spoiled.data = spoiled.data[:3000]
        camera.publish(spoiled)
        node.wait_for_log("breaks off in the middle of the picture: it is truncated")
        peak_mib = node.peak_memory_mib
        bombs = itertools.cycle([png_of_a_gigapixel(), jpeg_of_a_gigapixel()])

        def is_refused() -> bool:
            camera.publish(CompressedImage(data=next(bombs)))
            time.sleep(0.1)
            return "is too large: 32768x32768 are 1073.7 megapixels" in node.log

        wait_for(is_refused, "a picture bomb to be refused")
        assert len(camera.process(compressed_image_message(two_faces, Header())).people) == 2
        assert node.peak_memory_mib - peak_mib < 500

    assert len(jpeg.people) == len(lossless.people) == 2
    assert node.stop() == 0


def png_of_a_gigapixel() -> bytes:
    """A header of 32768x32768 pixels, as a bomb has it; 3 GiB when decoded."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 1 << 15, 1 << 15, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def jpeg_of_a_gigapixel() -> bytes:
    """A small picture whose frame header says 32768x32768."""
    content = bytearray(cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes())
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", 1 << 15, 1 << 15)
    return bytes(content)


def test_it_says_what_it_finds_where_images_stay_away(
    peer: Peer, start_node: Callable[..., NodeProcess], random_weights: Path
) -> None:
    other = peer.node.create_publisher(Image, "/head/image_color", 1)
    node = start_node(
        "emotion_node",
        {"weights": random_weights, "no_image_timeout_s": 0.5},
        "-r",
        "__ns:=/silent",
    )

    node.wait_for_log(
        "nobody publishes there. Topics of the type sensor_msgs/msg/Image: /head/image_color. "
        "Remap one: --ros-args -r image:=/head/image_color"
    )
    assert "no images on /silent/image for" in node.log
    assert node.stop(signal.SIGTERM) == 0
    peer.node.destroy_publisher(other)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_amid_work(
    peer: Peer,
    start_node: Callable[..., NodeProcess],
    random_weights: Path,
    two_faces: NDArray[np.uint8],
    signal_number: int,
) -> None:
    node = start_node("emotion_node", {"weights": random_weights}, "-r", "__ns:=/ending")
    with Camera(peer, topic="/ending/image", results_topic="/ending/emotions") as camera:
        camera.process(image_message(two_faces, Header()))
        for _ in range(3):
            camera.publish(image_message(two_faces, Header()))
        assert node.stop(signal_number) == 0

    assert "Traceback" not in node.log
    assert "images received" in node.log
    wait_for(lambda: peer.node.count_publishers("/ending/emotions") == 0, "it to leave the graph")


def test_signals_in_quick_succession_end_it_cleanly(
    peer: Peer, start_node: Callable[..., NodeProcess], random_weights: Path
) -> None:
    node = start_node("emotion_node", {"weights": random_weights}, "-r", "__ns:=/hasty")
    node.wait_for_log("waiting for images on /hasty/image")

    for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
        node.send_signal(number)

    assert node.wait() == 0
    assert "Traceback" not in node.log


def test_a_subscription_that_cannot_be_made_ends_it(
    start_node: Callable[..., NodeProcess], random_weights: Path
) -> None:
    node = start_node(
        "emotion_node",
        {
            "weights": random_weights,
            "qos_overrides./image.subscription.history": "latest",
        },
    )

    assert node.wait() == 1
    assert "activate failed" in node.log
    assert "cannot start" in node.log


def test_a_misspelt_parameter_is_named(
    start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        "/**:\n  ros__parameters:\n    min_face_sise_px: 40\n    rate_hz: 5.0\n"
        f"    weights: {tmp_path / 'absent.safetensors'}\n"
    )
    node = start_node("emotion_node", {}, "--params-file", str(file))

    assert node.wait() == 1
    assert (
        "there is no parameter min_face_sise_px, which was given: is min_face_size_px meant?"
        in node.log
    )
    assert "rate_hz meant" not in node.log


def test_the_shipped_parameter_file_can_be_loaded_while_it_runs(
    peer: Peer, managed_node: NodeProcess
) -> None:
    text = (share_directory() / "config" / "glamor.yaml").read_text()
    shipped = yaml.safe_load(text)["/**/emotion_node"]["ros__parameters"]
    changes = {"detection_interval_s": 2.0, "max_coast_s": 3.0}
    bring_up(peer)

    # One after the other, in the file's order, as `ros2 param load` does.
    for name, value in {**shipped, "weights": None, **changes}.items():
        if name not in ("autostart", "weights", "min_detections"):
            assert peer.set_parameters(NODE, **{name: value}) == ""

    assert peer.parameter_values(NODE, list(changes)) == [2.0, 3.0]
    assert peer.set_parameters(NODE, detection_interval_s=0.0, max_coast_s=0.5) == ""
    take_down(peer)


def test_with_autostart_weights_that_are_not_there_end_it(
    start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    node = start_node("emotion_node", {"weights": tmp_path / "absent.safetensors"})

    assert node.wait() == 1
    assert "no weights file at" in node.log
    assert "cannot start" in node.log
    assert "Traceback" not in node.log


def test_a_bad_parameter_at_the_start_ends_it(start_node: Callable[..., NodeProcess]) -> None:
    node = start_node("emotion_node", {"context_mode": "both"})

    assert node.wait() == 2
    assert "it must be one of: shared, per_person" in node.log
    assert "Traceback" not in node.log
