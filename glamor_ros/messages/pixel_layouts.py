"""How the pixels of a sensor_msgs/Image lie in its data, for every encoding that cameras send.

The names are those of sensor_msgs/image_encodings.hpp.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2


@dataclass(frozen=True)
class PixelLayout:
    """One encoding.

    channels: values a pixel. bytes_per_value: 1, or 2 in the byte order of `is_bigendian`.
    to_bgr: the OpenCV conversion from the 8-bit pixels to BGR; None where they are BGR already.
    is_planar_420: a plane of luma (height rows) above one of interleaved chroma (height/2 rows).
    is_subsampled: two neighbouring pixels of a row share their chroma.
    """

    channels: int
    to_bgr: int | None
    bytes_per_value: int = 1
    is_planar_420: bool = False
    is_subsampled: bool = False

    @property
    def bytes_per_pixel(self) -> int:
        """Bytes that a pixel takes in a row."""
        return self.channels * self.bytes_per_value


def _yuv422(to_bgr: int) -> PixelLayout:
    return PixelLayout(2, to_bgr, is_subsampled=True)


def _yuv420(to_bgr: int) -> PixelLayout:
    return PixelLayout(1, to_bgr, is_planar_420=True)


# OpenCV names a Bayer pattern after the second and third pixel of the second row, ROS after the
# first four: rggb is OpenCV's "BG".
_BAYER = {
    "rggb": cv2.COLOR_BayerBG2BGR,
    "bggr": cv2.COLOR_BayerRG2BGR,
    "gbrg": cv2.COLOR_BayerGR2BGR,
    "grbg": cv2.COLOR_BayerGB2BGR,
}

ENCODINGS: dict[str, PixelLayout] = {
    "bgr8": PixelLayout(3, None),
    "rgb8": PixelLayout(3, cv2.COLOR_RGB2BGR),
    "bgra8": PixelLayout(4, cv2.COLOR_BGRA2BGR),
    "rgba8": PixelLayout(4, cv2.COLOR_RGBA2BGR),
    "mono8": PixelLayout(1, cv2.COLOR_GRAY2BGR),
    "bgr16": PixelLayout(3, None, 2),
    "rgb16": PixelLayout(3, cv2.COLOR_RGB2BGR, 2),
    "mono16": PixelLayout(1, cv2.COLOR_GRAY2BGR, 2),
    "yuyv": _yuv422(cv2.COLOR_YUV2BGR_YUY2),
    "yuv422_yuy2": _yuv422(cv2.COLOR_YUV2BGR_YUY2),
    "uyvy": _yuv422(cv2.COLOR_YUV2BGR_UYVY),
    "yuv422": _yuv422(cv2.COLOR_YUV2BGR_UYVY),
    "nv12": _yuv420(cv2.COLOR_YUV2BGR_NV12),
    "nv21": _yuv420(cv2.COLOR_YUV2BGR_NV21),
    **{f"bayer_{pattern}8": PixelLayout(1, code) for pattern, code in _BAYER.items()},
    **{f"bayer_{pattern}16": PixelLayout(1, code, 2) for pattern, code in _BAYER.items()},
    # OpenCV's own names, which drivers without a notion of colour order send.
    "8UC3": PixelLayout(3, None),
    "8UC1": PixelLayout(1, cv2.COLOR_GRAY2BGR),
}
