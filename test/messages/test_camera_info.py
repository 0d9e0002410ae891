from __future__ import annotations

import math

import pytest
from sensor_msgs.msg import CameraInfo, RegionOfInterest
from std_msgs.msg import Header

from glamor_ros.messages.camera_info import camera_model_of, pinhole_camera_info
from glamor_ros.perception.camera_model import CalibrationError


def test_the_edges_of_the_image_are_at_half_the_field_of_view() -> None:
    message = pinhole_camera_info(640, 480, 60.0, Header(frame_id="camera"))

    assert (message.width, message.height, message.header.frame_id) == (640, 480, "camera")
    fx, _, cx, _, fy, cy, *last_row = message.k
    assert (cx, cy) == (319.5, 239.5)
    assert fx == fy
    # Pixel centres are integers: the right edge of the image is at 639.5.
    assert math.degrees(math.atan((639.5 - cx) / fx)) == pytest.approx(30.0)
    assert last_row == [0, 0, 1]
    assert list(message.p) == [fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0]
    assert list(message.r) == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert (message.distortion_model, list(message.d)) == ("plumb_bob", [0.0] * 5)


@pytest.mark.parametrize("fov_deg", [0.0, 180.0, -60.0, math.nan])
def test_an_impossible_field_of_view_is_refused(fov_deg: float) -> None:
    with pytest.raises(ValueError, match="horizontal_fov_deg is"):
        pinhole_camera_info(640, 480, fov_deg, Header())


def realsense() -> CameraInfo:
    """Of a sensor of 1280x720 pixels, whose images show a part of it, four pixels in one."""
    return CameraInfo(
        width=1280,
        height=720,
        distortion_model="plumb_bob",
        d=[0.15, -0.48, 0.001, -0.0005, 0.43],
        k=[910.0, 0.0, 640.0, 0.0, 912.0, 360.0, 0.0, 0.0, 1.0],
        p=[900.0, 0.0, 650.0, 0.0, 0.0, 905.0, 350.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        binning_x=2,
        binning_y=2,
        roi=RegionOfInterest(x_offset=80, y_offset=40, width=1120, height=640),
    )


def test_a_model_of_k_and_d_with_binning_and_roi() -> None:
    camera = camera_model_of(realsense())

    assert camera.image_size == (560, 320)
    assert camera.matrix.tolist() == [[455, 0, 280], [0, 456, 160], [0, 0, 1]]
    assert list(camera.distortion) == [0.15, -0.48, 0.001, -0.0005, 0.43]
    assert not camera.is_fisheye


def test_rectified_images_follow_p() -> None:
    camera = camera_model_of(realsense(), is_rectified=True)

    assert camera.matrix.tolist() == [[450, 0, 285], [0, 452.5, 155], [0, 0, 1]]
    assert not camera.distortion.any()


def test_the_models_of_lenses() -> None:
    info = realsense()
    info.distortion_model, info.d = "equidistant", [0.1, 0.01, 0.0, 0.0]
    assert camera_model_of(info).is_fisheye
    assert not camera_model_of(info, is_rectified=True).is_fisheye

    info.distortion_model = "scaramuzza"
    with pytest.raises(CalibrationError, match="'scaramuzza' is not known"):
        camera_model_of(info)
    # Its images are undistorted all the same.
    assert camera_model_of(info, is_rectified=True).image_size == (560, 320)


def test_an_empty_message_is_that_of_an_uncalibrated_camera() -> None:
    with pytest.raises(CalibrationError, match=r"K is all zero, which means .* not calibrated"):
        camera_model_of(CameraInfo(width=640, height=480))
    with pytest.raises(CalibrationError, match="P is all zero"):
        camera_model_of(CameraInfo(width=640, height=480), is_rectified=True)


def test_what_the_image_source_publishes_can_be_used() -> None:
    camera = camera_model_of(pinhole_camera_info(640, 480, 60.0, Header()))

    assert camera.image_size == (640, 480)
    (edge,) = camera.directions([(639.5, 239.5)])
    assert math.degrees(math.atan2(edge[0], edge[2])) == pytest.approx(30.0)
