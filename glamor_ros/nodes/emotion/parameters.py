"""The parameters of emotion_node and what they are for perception. Defaults are given here only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...perception.detection.build import DETECTOR_NAMES
from ...perception.detection.face_detector import MAX_UPSAMPLE
from ...perception.recognition.emotion_recognizer import CONTEXT_MODES
from ...perception.tracking.follower import FollowerSettings
from ...perception.tracking.tracker import TrackerSettings
from ...resources import STARTER_WEIGHTS
from ..common.node_parameters import ParameterValues
from ..common.parameter_spec import Changes, ParameterSpec
from ..input.image_subscription import RELIABILITIES, TRANSPORTS

_FOLLOWER = FollowerSettings()

EMOTION_PARAMETERS = (
    ParameterSpec(
        "autostart",
        True,
        "Configure and activate by itself; where that fails the process ends with exit code 1. "
        "False: wait, unconfigured, for a lifecycle manager.",
        Changes.AT_START,
    ),
    ParameterSpec(
        "weights",
        "",
        "Path of a GLAMOR-Net checkpoint (.safetensors). Empty: the one that ships with the "
        f"package ({STARTER_WEIGHTS}).",
        Changes.UNCONFIGURED,
    ),
    ParameterSpec(
        "device",
        "cpu",
        "Where the networks run: cpu, cuda or cuda:N.",
        Changes.UNCONFIGURED,
    ),
    ParameterSpec(
        "context_mode",
        CONTEXT_MODES[0],
        "shared: all faces are masked in one context image, encoded once for everybody. "
        "per_person: each person's own face is masked, one encoding for each.",
        Changes.UNCONFIGURED,
        choices=CONTEXT_MODES,
    ),
    ParameterSpec(
        "detector",
        DETECTOR_NAMES[0],
        "Face detector. mmod: dlib's CNN in PyTorch. dlib_cnn, dlib_hog: dlib itself, which must "
        "be installed.",
        Changes.UNCONFIGURED,
        choices=DETECTOR_NAMES,
    ),
    ParameterSpec(
        "detector_weights",
        "",
        "Path of the detector's weights: .safetensors for mmod (empty: the shipped ones), "
        "mmod_human_face_detector.dat for dlib_cnn.",
        Changes.UNCONFIGURED,
    ),
    ParameterSpec(
        "detector_upsample",
        0,
        "How often the image is doubled before detection: each time halves the smallest face found "
        "(mmod, dlib_cnn: 80 px at 0) and takes four times as long.",
        Changes.UNCONFIGURED,
        0,
        MAX_UPSAMPLE,
    ),
    ParameterSpec(
        "min_face_score",
        _FOLLOWER.min_face_score,
        "Detections with a lower score are ignored; the scale is the detector's own.",
        Changes.ANY_TIME,
        0.0,
        100.0,
    ),
    ParameterSpec(
        "min_face_size_px",
        _FOLLOWER.min_face_size_px,
        "Faces with a shorter side are ignored.",
        Changes.ANY_TIME,
        0,
        10000,
    ),
    ParameterSpec(
        "detection_interval_s",
        0.0,
        "The detector runs when so much time has passed, the tracker predicts the faces in the "
        "images between. 0: it runs on every image.",
        Changes.ANY_TIME,
        0.0,
        60.0,
    ),
    ParameterSpec(
        "smoothing_time_constant_s",
        _FOLLOWER.smoothing_time_constant_s,
        "Time constant of the probabilities' low-pass filter. 0: not smoothed.",
        Changes.ANY_TIME,
        0.0,
        60.0,
    ),
    ParameterSpec(
        "max_coast_s",
        _FOLLOWER.tracker.max_coast_s,
        "A person who has not been detected for longer is gone. Must be longer than "
        "detection_interval_s.",
        Changes.ANY_TIME,
        0.0,
        60.0,
    ),
    ParameterSpec(
        "image_transport",
        TRANSPORTS[0],
        "raw: sensor_msgs/Image on `image`. compressed: sensor_msgs/CompressedImage on "
        "`image/compressed`.",
        Changes.UNCONFIGURED,
        choices=TRANSPORTS,
    ),
    ParameterSpec(
        "image_reliability",
        RELIABILITIES[0],
        "auto: reliable where all publishers of the images are, else best_effort, which receives "
        "from every publisher but loses an image with each lost fragment of it.",
        Changes.UNCONFIGURED,
        choices=RELIABILITIES,
    ),
    ParameterSpec(
        "no_image_timeout_s",
        5.0,
        "After so long without an image the node says what it found on the topic. 0: it does not.",
        Changes.ANY_TIME,
        0.0,
        3600.0,
    ),
)


@dataclass(frozen=True)
class ModelChoice:
    """Which networks to load, and where to run them. None: the weights that ship."""

    weights: Path | None
    device: str
    context_mode: str
    detector: str
    detector_weights: Path | None
    detector_upsample: int


def model_choice(values: ParameterValues) -> ModelChoice:
    """From the values of EMOTION_PARAMETERS."""
    return ModelChoice(
        weights=_path(str(values["weights"])),
        device=str(values["device"]),
        context_mode=str(values["context_mode"]),
        detector=str(values["detector"]),
        detector_weights=_path(str(values["detector_weights"])),
        detector_upsample=int(values["detector_upsample"]),
    )


def follower_settings(values: ParameterValues) -> FollowerSettings:
    """From the values of EMOTION_PARAMETERS. Raises ValueError where they do not go together."""
    settings = FollowerSettings(
        min_face_score=float(values["min_face_score"]),
        min_face_size_px=int(values["min_face_size_px"]),
        smoothing_time_constant_s=float(values["smoothing_time_constant_s"]),
        tracker=TrackerSettings(max_coast_s=float(values["max_coast_s"])),
    )
    interval_s = float(values["detection_interval_s"])
    if 0 < interval_s >= settings.tracker.max_coast_s:
        raise ValueError(
            f"max_coast_s is {settings.tracker.max_coast_s:g}; it must be longer than "
            f"detection_interval_s ({interval_s:g}), or people are forgotten "
            "from one detection to the next"
        )
    return settings


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None
