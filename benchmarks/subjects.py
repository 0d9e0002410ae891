"""What is benchmarked: photographs, the shipped networks, and ways to follow people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glamor_ros.media.demo_photographs import two_people
from glamor_ros.media.moving_photograph import MovingPhotograph, fitted
from glamor_ros.network.weights.checkpoint import Checkpoint, load_checkpoint
from glamor_ros.perception.detection.build import DETECTOR_NAMES, build_face_detector
from glamor_ros.perception.detection.face_detector import FaceDetector, FaceDetectorError
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.tracking.detection_choice import policy_maker
from glamor_ros.perception.tracking.detection_policy import DetectionPolicy
from glamor_ros.resources import STARTER_WEIGHTS, shipped_weights

from .measurement import NotAvailableError
from .options import Options

CAMERA_RATE_HZ = 30.0


def photograph(width: int, height: int) -> NDArray[np.uint8]:
    """Two real faces, of the size that they have in a camera's image of two people (BGR)."""
    return fitted(two_people(), width, height)


def moving_frames(width: int, height: int, count: int, camera: str = "") -> list[Frame]:
    """The first frames of a camera that pans and zooms over two people, at CAMERA_RATE_HZ."""
    source = MovingPhotograph(two_people(), width=width, height=height, rate_hz=CAMERA_RATE_HZ)
    frames = []
    for index in range(count):
        image = source.read()
        assert image is not None
        frames.append(Frame(image, 1 + index / CAMERA_RATE_HZ, camera))
    return frames


def shipped_checkpoint() -> Checkpoint:
    """The network that comes with the package, loaded anew."""
    return load_checkpoint(shipped_weights(STARTER_WEIGHTS))


def mmod_detector(options: Options, upsample: int = 0) -> FaceDetector:
    """The package's own detector."""
    return build_face_detector("mmod", upsample=upsample, device=options.device)


def dlib_cnn_detector(options: Options, upsample: int = 0) -> FaceDetector:
    """The CNN of dlib itself.

    Raises:
        NotAvailableError: Its file or dlib itself is not at hand.
    """
    if not options.mmod_dat.is_file():
        raise NotAvailableError(
            f"dlib's network is not at {options.mmod_dat}: give MMOD_DAT="
            "<mmod_human_face_detector.dat> (https://github.com/davisking/dlib-models, unpacked)"
        )
    return _rival("dlib_cnn", upsample, weights=options.mmod_dat)


def dlib_hog_detector(upsample: int = 0) -> FaceDetector:
    """The detector of dlib that uses histograms of oriented gradients.

    Raises:
        NotAvailableError: dlib is not at hand.
    """
    return _rival("dlib_hog", upsample)


def yunet_detector(options: Options) -> FaceDetector:
    """OpenCV's YuNet.

    Raises:
        NotAvailableError: The package does not know it, or its file is not at hand.
    """
    if "yunet" not in DETECTOR_NAMES:
        raise NotAvailableError("this version of the package has no detector yunet")
    return _rival("yunet", 0, weights=options.yunet)


def _rival(name: str, upsample: int, weights: Path | None = None) -> FaceDetector:
    try:
        return build_face_detector(name, upsample=upsample, weights=weights)
    except (ValueError, OSError) as error:
        raise NotAvailableError(str(error)) from error


def policy(detection: str, detector: FaceDetector) -> DetectionPolicy:
    """A new policy by the name that emotion_node's parameter `detection` has for it.

    Raises:
        NotAvailableError: There is no such policy, or not for this detector.
    """
    try:
        return policy_maker(detection, detector)()
    except FaceDetectorError as error:
        raise NotAvailableError(str(error)) from error
