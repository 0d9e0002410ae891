from __future__ import annotations

import math

import pytest
from std_msgs.msg import Header

from glamor_ros.messages.camera_info import pinhole_camera_info


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
