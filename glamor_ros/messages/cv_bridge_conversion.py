"""Image conversion by ROS's cv_bridge, where it is installed and works.

It is used where it gives what the package's own conversions give. These stay in charge of what
cv_bridge (seen with 3.4) does otherwise: it copies bgr8, scales 16
bits by 65535 whatever the sensor's depth, knows neither nv12 nor nv21, and shears images whose
padded rows are no whole number of pixels long.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sensor_msgs.msg import Image

from ..media.pictures import BgrImage
from .image_decoding import ImageDecodingError
from .image_encoding import byte_array
from .pixel_layouts import ENCODINGS, PixelLayout

_TRIAL_TIMEOUT_S = 60.0
_TRIAL_SIDE_PX = 4


class CvBridgeConversion:
    """cv_bridge's conversions to bgr8, a RawConversion.

    Args:
        encodings: Those for which it is used.
    """

    def __init__(self, encodings: frozenset[str]) -> None:
        from cv_bridge import CvBridge, CvBridgeError

        self.encodings = encodings
        self._bridge = CvBridge()
        self._error_type = CvBridgeError

    def converts(self, message: Image) -> bool:
        """Whether the encoding is one of `encodings` and the rows lie as cv_bridge expects them."""
        return (
            message.encoding in self.encodings
            and not message.is_bigendian
            and message.step % ENCODINGS[message.encoding].bytes_per_pixel == 0
            and len(message.data) == message.step * message.height
        )

    def to_bgr(self, message: Image) -> BgrImage:
        """The image of such a message, (height, width, 3), uint8, BGR.

        Raises:
            ImageDecodingError: cv_bridge fails.
        """
        try:
            image: BgrImage = self._bridge.imgmsg_to_cv2(message, "bgr8")
        except self._error_type as error:
            raise ImageDecodingError(
                f"{message.encoding} image of {message.width}x{message.height} cannot be "
                f"converted by cv_bridge: {error}"
            ) from error
        return image


@dataclass(frozen=True)
class CvBridgeTrial:
    """What came of trying cv_bridge.

    Attributes:
        conversion: None where it is not installed, or does not work.
        problem: Why it does not work, in a line; empty where it does or is not installed.
    """

    conversion: CvBridgeConversion | None
    problem: str = ""


def try_cv_bridge() -> CvBridgeTrial:
    """cv_bridge, if it is installed and works.

    It is tried in a process of its own: one that was built for another NumPy can be imported, but
    the first conversion ends the process.
    """
    if importlib.util.find_spec("cv_bridge") is None:
        return CvBridgeTrial(None)
    try:
        trial = subprocess.run(
            [sys.executable, "-m", __name__],
            capture_output=True,
            text=True,
            timeout=_TRIAL_TIMEOUT_S,
            # Python looks for modules in the working folder first.
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return CvBridgeTrial(None, _problem(str(error)))
    if trial.returncode < 0:
        return CvBridgeTrial(None, _problem(f"a conversion dies of signal {-trial.returncode}"))
    if trial.returncode > 0:
        reason = (trial.stderr.strip() or "it fails without a word").splitlines()[-1]
        return CvBridgeTrial(None, _problem(reason))
    return CvBridgeTrial(CvBridgeConversion(frozenset(json.loads(trial.stdout))))


def _problem(reason: str) -> str:
    return (
        f"cv_bridge is installed, but does not work beside NumPy {np.__version__} ({reason}): "
        "images are converted by glamor_ros itself"
    )


def _convertible_encodings() -> list[str]:
    """The encodings of 8 bits, other than bgr8, that cv_bridge converts to bgr8."""
    candidates = {
        encoding
        for encoding, layout in ENCODINGS.items()
        if layout.bytes_per_value == 1 and layout.to_bgr is not None
    }
    conversion = CvBridgeConversion(frozenset(candidates))
    convertible = []
    for encoding in sorted(candidates):
        try:
            image = conversion.to_bgr(_trial_message(encoding, ENCODINGS[encoding]))
        except ImageDecodingError:
            continue
        if image.shape == (_TRIAL_SIDE_PX, _TRIAL_SIDE_PX, 3) and image.dtype == np.uint8:
            convertible.append(encoding)
    return convertible


def _trial_message(encoding: str, layout: PixelLayout) -> Image:
    rows = _TRIAL_SIDE_PX * 3 // 2 if layout.is_planar_420 else _TRIAL_SIDE_PX
    pixels = np.zeros((rows, _TRIAL_SIDE_PX * layout.channels), np.uint8)
    return Image(
        encoding=encoding,
        height=_TRIAL_SIDE_PX,
        width=_TRIAL_SIDE_PX,
        step=pixels.shape[1],
        data=byte_array(pixels),
    )


if __name__ == "__main__":
    print(json.dumps(_convertible_encodings()))
