"""image_source_node as a process, with its topics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from glamor_ros.messages.image_decoding import ImageDecoder

from .ros_peer import NodeProcess, Peer, wait_for

pytestmark = pytest.mark.integration

VIDEO_GREYS = (20, 60, 100, 140, 180, 220)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (64, 48))
    for value in VIDEO_GREYS:
        writer.write(np.full((48, 64, 3), value, np.uint8))
    writer.release()
    return path


def test_the_demo_with_all_that_belongs_to_a_camera(
    peer: Peer, start_node: Callable[..., NodeProcess]
) -> None:
    images, image_subscription = peer.collect(Image, "/a/image")
    infos, info_subscription = peer.collect(CameraInfo, "/a/camera_info")
    jpegs, jpeg_subscription = peer.collect(CompressedImage, "/a/image/compressed")
    node = start_node(
        "image_source_node",
        {
            "rate_hz": 10.0,
            "encoding": "rgb8",
            "frame_id": "head",
            "publish_compressed": True,
            "horizontal_fov_deg": 90.0,
        },
        "-r",
        "__ns:=/a",
    )

    wait_for(lambda: min(len(images), len(infos), len(jpegs)) >= 5, "five images")
    assert node.stop() == 0

    assert "publishing demo on /a/image at 10 Hz as rgb8" in node.log
    assert "Traceback" not in node.log
    by_stamp = {info.header.stamp.nanosec: info for info in infos}
    image = next(image for image in images if image.header.stamp.nanosec in by_stamp)
    info = by_stamp[image.header.stamp.nanosec]
    assert (image.width, image.height, image.encoding, image.step) == (640, 480, "rgb8", 1920)
    assert image.header == info.header
    assert image.header.frame_id == "head"
    assert (info.width, info.height) == (640, 480)
    assert info.k[0] == pytest.approx(320)  # half the width: 90 degrees
    stamps = [i.header.stamp.sec + i.header.stamp.nanosec * 1e-9 for i in images]
    assert stamps == sorted(set(stamps))
    jpeg = next((j for j in jpegs if j.header == image.header), None)
    assert jpeg is not None
    difference = ImageDecoder().decode(jpeg).astype(int) - ImageDecoder().decode(image)
    assert np.abs(difference).mean() < 3
    for subscription in (image_subscription, info_subscription, jpeg_subscription):
        peer.node.destroy_subscription(subscription)


def test_a_video_is_published_whole_and_the_node_ends(
    peer: Peer, start_node: Callable[..., NodeProcess], video: Path
) -> None:
    images, subscription = peer.collect(Image, "/b/image")
    node = start_node(
        "image_source_node",
        {"source": video, "loop": False, "wait_for_subscriber": True, "encoding": "mono8"},
        "-r",
        "__ns:=/b",
    )

    assert node.wait() == 0

    assert f"the source has ended after {len(VIDEO_GREYS)} images" in node.log
    assert "at 20 Hz" in node.log
    wait_for(lambda: images and _grey(images[-1]) == VIDEO_GREYS[-1], "the last image")
    greys = [_grey(image) for image in images]
    # The node's first image may come before DDS has told both sides of each other.
    assert greys == list(VIDEO_GREYS)[-len(greys) :]
    assert len(greys) >= len(VIDEO_GREYS) - 2
    peer.node.destroy_subscription(subscription)


def _grey(image: Image) -> int:
    """The nearest of the video's greys."""
    mean = np.frombuffer(image.data, np.uint8).mean()
    return min(VIDEO_GREYS, key=lambda grey: abs(grey - mean))


def test_a_folder_skips_what_cannot_be_read_and_is_resized(
    peer: Peer,
    start_node: Callable[..., NodeProcess],
    tmp_path: Path,
    two_faces: NDArray[np.uint8],
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), two_faces)
    # Half a JPEG: a decoder that fills the rest with grey would pass it.
    jpeg = cv2.imencode(".jpg", two_faces)[1].tobytes()
    (folder / "b.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    images, subscription = peer.collect(Image, "/c/image", ReliabilityPolicy.BEST_EFFORT)
    node = start_node(
        "image_source_node",
        {
            "source": folder,
            "rate_hz": 20.0,
            "width": 320,
            "encoding": "nv12",
            "reliability": "best_effort",
        },
        "-r",
        "__ns:=/c",
    )

    wait_for(lambda: len(images) >= 3, "three images")
    (publisher,) = peer.node.get_publishers_info_by_topic("/c/image")
    assert publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    assert node.stop() == 0

    assert node.log.count("skipped") == 1
    assert "b.jpg breaks off in the middle of the picture" in node.log
    assert (images[0].width, images[0].height) == (320, 240)
    expected = cv2.resize(two_faces, (320, 240), interpolation=cv2.INTER_AREA)
    for image in images:
        assert np.abs(ImageDecoder().decode(image).astype(int) - expected).mean() < 4
    peer.node.destroy_subscription(subscription)


@pytest.mark.parametrize(
    ("parameters", "complaint", "exit_code"),
    [
        (
            {"source": "/nowhere/video.mp4"},
            "the image source '/nowhere/video.mp4' does not exist",
            1,
        ),
        ({"source": 987}, "webcam 987 cannot be opened", 1),
        ({"width": 33, "height": 31, "encoding": "nv21"}, "needs an even width and height", 1),
        ({"encoding": "h264"}, "it must be one of: bgr8", 2),
    ],
)
def test_what_cannot_be_published_ends_it(
    start_node: Callable[..., NodeProcess],
    parameters: dict[str, object],
    complaint: str,
    exit_code: int,
) -> None:
    node = start_node("image_source_node", parameters)

    assert node.wait() == exit_code
    assert complaint in node.log
    assert "Traceback" not in node.log
