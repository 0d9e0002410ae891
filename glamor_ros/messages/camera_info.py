"""From and to the calibration of a camera (sensor_msgs/CameraInfo)."""

from __future__ import annotations

import math

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from ..perception.camera_model import CameraModel, camera_model

MIN_FOV_DEG, MAX_FOV_DEG = 1.0, 179.0


def pinhole_camera_info(
    width: int, height: int, horizontal_fov_deg: float, header: Header
) -> CameraInfo:
    """Square pixels, the principal point in the middle of the image (pixel centres are integers).

    Raises ValueError for a field of view outside of MIN_FOV_DEG to MAX_FOV_DEG.
    """
    if not MIN_FOV_DEG <= horizontal_fov_deg <= MAX_FOV_DEG:
        raise ValueError(
            f"horizontal_fov_deg is {horizontal_fov_deg:g}; it must be {MIN_FOV_DEG:g} to "
            f"{MAX_FOV_DEG:g}"
        )
    focal_length_px = width / 2 / math.tan(math.radians(horizontal_fov_deg) / 2)
    center_x, center_y = (width - 1) / 2, (height - 1) / 2
    return CameraInfo(
        header=header,
        width=width,
        height=height,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=[focal_length_px, 0.0, center_x, 0.0, focal_length_px, center_y, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[
            *(focal_length_px, 0.0, center_x, 0.0),
            *(0.0, focal_length_px, center_y, 0.0),
            *(0.0, 0.0, 1.0, 0.0),
        ],
    )


def camera_model_of(info: CameraInfo, *, is_rectified: bool = False) -> CameraModel:
    """The geometry of the images that a CameraInfo belongs to.

    Args:
        info: As the driver sends it. Binning and roi are respected.
        is_rectified: Whether the images are undistorted already, as image_proc's `image_rect`: they
            follow P and have no distortion.

    Raises:
        CalibrationError: It says nothing, as K and P of an uncalibrated camera, or nothing that can
            be used.
    """
    roi = info.roi
    return camera_model(
        [*info.p[:3], *info.p[4:7], *info.p[8:11]] if is_rectified else info.k,
        () if is_rectified else info.d,
        "" if is_rectified else info.distortion_model,
        size=(info.width, info.height),
        binning=(info.binning_x, info.binning_y),
        roi=(roi.x_offset, roi.y_offset, roi.width, roi.height),
        matrix_name="P" if is_rectified else "K",
    )
