"""What recorded CameraInfos say of a camera."""

from __future__ import annotations

import numpy as np
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, RegionOfInterest

from glamor_ros.bags.calibration import RecordedCalibration
from glamor_ros.bags.camera_topics import CameraTopics
from glamor_ros.bags.cdr import CdrCodec
from glamor_ros.bags.records import BagError
from glamor_ros.perception.camera_model import CameraModel

from .made_bags import header

INFO = CameraInfo(
    header=header(0, "lens"),
    width=640,
    height=480,
    distortion_model="plumb_bob",
    d=[0.1, -0.2, 0.0, 0.0, 0.05],
    k=[500.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0],
    p=[400.0, 0.0, 310.0, 0.0, 0.0, 410.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0],
    binning_x=2,
    binning_y=2,
    roi=RegionOfInterest(x_offset=20, y_offset=40, width=600, height=400, do_rectify=True),
)


@pytest.fixture(scope="module")
def codec() -> CdrCodec:
    return CdrCodec()


def test_a_camera_info_is_read_as_it_was_sent(codec: CdrCodec) -> None:
    assert codec.camera_info(serialize_message(INFO)) == INFO


def test_damaged_bytes_are_named(codec: CdrCodec) -> None:
    with pytest.raises(BagError, match="cannot be deserialized"):
        codec.camera_info(serialize_message(INFO)[:40])


@pytest.mark.parametrize(
    ("image", "matrix", "is_distorted"),
    [
        ("/front/image_raw", [[250, 0, 150], [0, 255, 100], [0, 0, 1]], True),
        ("/front/image_rect_color/compressed", [[200, 0, 145], [0, 205, 95], [0, 0, 1]], False),
    ],
)
def test_undistorted_images_follow_p_and_others_k(
    codec: CdrCodec, image: str, matrix: list[list[float]], is_distorted: bool
) -> None:
    topics = CameraTopics(image, "/front")
    assert topics.camera_info == "/front/camera_info"
    calibration = RecordedCalibration(topics, codec)
    calibration.update(serialize_message(INFO))
    model = calibration.model
    assert isinstance(model, CameraModel)
    np.testing.assert_allclose(model.matrix, matrix)
    assert model.image_size == (300, 200)
    assert model.distortion.any() == is_distorted


def test_where_nothing_can_be_told_the_reason_is(codec: CdrCodec) -> None:
    calibration = RecordedCalibration(CameraTopics("/image_raw", ""), codec)
    assert calibration.model == "no CameraInfo on /camera_info before them"
    calibration.update(serialize_message(INFO))
    assert isinstance(calibration.model, CameraModel)
    calibration.update(serialize_message(CameraInfo(width=640, height=480)))
    assert isinstance(calibration.model, str)
    assert "/camera_info cannot be used: K is all zero" in calibration.model
