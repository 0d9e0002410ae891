"""The parameters of emotion_node and what they are for perception. Defaults are given here only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ...messages.image_encoding import JPEG_QUALITY
from ...perception.detection.build import DETECTOR_NAMES
from ...perception.detection.face_detector import MAX_UPSAMPLE
from ...perception.detection.yunet import DLIB_BOXES
from ...perception.evidence import EvidenceLimits
from ...perception.geometry import Box
from ...perception.head_position import FACE_WIDTH_M
from ...perception.precision import PRECISIONS
from ...perception.recognition.emotion_recognizer import CONTEXT_MODES
from ...perception.tracking.detection_choice import DETECTIONS, policy_maker, searches_parts
from ...perception.tracking.detection_policy import DetectionPolicy, FullDetection
from ...perception.tracking.follower import FollowerSettings
from ...perception.tracking.tracker import TrackerSettings
from ...resources import STARTER_WEIGHTS
from ..common.camera_names import problem_with_camera_names
from ..common.node_parameters import ParameterValues
from ..common.parameter_spec import Changes, ParameterSpec
from ..input.image_subscription import RELIABILITIES, TRANSPORTS
from ..outputs.pictures import PictureSettings
from .health import HealthLimits
from .models import ModelChoice, Models
from .positions import PositionSettings

FACE_SOURCES = ("detector", "hri")
_GIVEN_BOXES: Mapping[str, Callable[[Box], Box]] = {"yunet": DLIB_BOXES, "dlib": lambda box: box}

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
        "cameras",
        [""],
        "Names of several cameras: each has its topics in a namespace of its name, as "
        "`front/image` and `front/emotions`. Their images go through the networks together. "
        "Empty, or an empty name: one camera, with `image` and `emotions`.",
        Changes.UNCONFIGURED,
        problem=problem_with_camera_names,
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
        "auto",
        "Where the networks run: auto (a GPU where there is one, else the processor), cpu, cuda or "
        "cuda:N.",
        Changes.UNCONFIGURED,
    ),
    ParameterSpec(
        "precision",
        next(iter(PRECISIONS)),
        "What the networks compute in; those of 16 bits are for GPUs.",
        Changes.UNCONFIGURED,
        choices=tuple(PRECISIONS),
    ),
    ParameterSpec(
        "threads",
        0,
        "So many threads of the processor the networks and OpenCV may use. 0: one less than there "
        "are cores, which leaves one to the camera's driver.",
        Changes.UNCONFIGURED,
        0,
        1024,
    ),
    ParameterSpec(
        "context_mode",
        CONTEXT_MODES[0],
        "shared: all faces are masked in one context image, encoded once for everybody. "
        "per_person: each person's own face is masked, one encoding for each. Both are the same "
        "for weights whose context shows the faces.",
        Changes.UNCONFIGURED,
        choices=CONTEXT_MODES,
    ),
    ParameterSpec(
        "face_source",
        FACE_SOURCES[0],
        "Where faces come from. detector: the node finds them. hri: a ROS4HRI node (REP-155), such "
        "as hri_face_detect, which publishes them on `/humans/faces/tracked` and "
        "`/humans/faces/<id>/roi`; no detector is loaded, and person_id is the face's id.",
        Changes.UNCONFIGURED,
        choices=FACE_SOURCES,
    ),
    ParameterSpec(
        "face_boxes",
        next(iter(_GIVEN_BOXES)),
        "With face_source hri: whose kind of boxes come. yunet: hri_face_detect's, which are made "
        "shorter, as dlib has them, which the network was trained on. dlib: taken as they come, "
        "as from this package's hri_node.",
        Changes.UNCONFIGURED,
        choices=tuple(_GIVEN_BOXES),
    ),
    ParameterSpec(
        "face_stamp_tolerance_s",
        0.01,
        "With face_source hri: faces belong to the image with the nearest stamp, at most so far "
        "away. Nodes of ROS4HRI copy the stamp of the image.",
        Changes.UNCONFIGURED,
        0.0,
        1.0,
    ),
    ParameterSpec(
        "detector",
        DETECTOR_NAMES[0],
        "Face detector. mmod: dlib's CNN in PyTorch. yunet: OpenCV's, small and fast (glamor-ros "
        "download-weights yunet). dlib_cnn, dlib_hog: dlib itself, which must be installed.",
        Changes.UNCONFIGURED,
        choices=DETECTOR_NAMES,
    ),
    ParameterSpec(
        "detector_weights",
        "",
        "Path of the detector's weights: .safetensors for mmod (empty: the shipped ones), .onnx "
        "for yunet (empty: the downloaded ones), mmod_human_face_detector.dat for dlib_cnn.",
        Changes.UNCONFIGURED,
    ),
    ParameterSpec(
        "detector_upsample",
        0,
        "How often the image is doubled before detection: each time halves the smallest face found "
        "(mmod, dlib_cnn: 80 px at 0, yunet: 10 px) and takes four times as long.",
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
        "Faces with a shorter side are ignored; the larger, the less mmod has to search.",
        Changes.ANY_TIME,
        0,
        10000,
    ),
    ParameterSpec(
        "detection",
        "sparse",
        "sparse (mmod alone): in each image the surroundings of known faces are searched, and a "
        "slice of everything else. full: everything in every image, at several times the cost.",
        Changes.ANY_TIME,
        choices=DETECTIONS,
    ),
    ParameterSpec(
        "sweep_period_s",
        1.0,
        "With detection sparse: the time in which everything has been searched once, and so the "
        "longest that a newcomer waits, as far as ten areas a second allow: 640x480 pixels have 8, "
        "1280x720 have 22, 1920x1080 have 48.",
        Changes.ANY_TIME,
        0.05,
        60.0,
    ),
    ParameterSpec(
        "detection_interval_s",
        0.0,
        "Above 0: everything is searched when so much time has passed, and the tracker predicts "
        "the faces in the images between, whatever `detection` says. 0: as it says.",
        Changes.ANY_TIME,
        0.0,
        60.0,
    ),
    ParameterSpec(
        "min_detections",
        _FOLLOWER.tracker.min_detections,
        "A face is a person once it has been detected so often within a second.",
        Changes.ANY_TIME,
        1,
        100,
    ),
    ParameterSpec(
        "min_visible_fraction",
        _FOLLOWER.min_visible_fraction,
        "Faces of which less lies inside the image are not classified.",
        Changes.ANY_TIME,
        0.0,
        1.0,
    ),
    ParameterSpec(
        "recognition_interval_s",
        0.1,
        "Each person's emotion is read when so much time has passed; frame_probabilities and "
        "attention come with these readings alone. 0: in every image.",
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
        "unknown_below_size_px",
        _FOLLOWER.evidence.min_size_px,
        "The emotion is UNKNOWN where the shorter side of the face is shorter. 0: not for that.",
        Changes.ANY_TIME,
        0.0,
        10000.0,
    ),
    ParameterSpec(
        "unknown_below_visible_fraction",
        _FOLLOWER.evidence.min_visible_fraction,
        "The emotion is UNKNOWN where less of the face lies inside the image. 0: not for that.",
        Changes.ANY_TIME,
        0.0,
        1.0,
    ),
    ParameterSpec(
        "unknown_below_sharpness",
        _FOLLOWER.evidence.min_sharpness,
        "The emotion is UNKNOWN where the face is less sharp: its details over its coarse shapes, "
        "0.7 where it is sharp, 0.2 where hardly more than its shape is left. 0: not for that.",
        Changes.ANY_TIME,
        0.0,
        10.0,
    ),
    ParameterSpec(
        "unknown_above_turn",
        _FOLLOWER.evidence.max_turn,
        "The emotion is UNKNOWN where the head is turned further to the side: the nose's distance "
        "from the middle of the eyes over the eyes' distance, 0 from the front. Measured with the "
        "detector yunet alone. 0: not for that.",
        Changes.ANY_TIME,
        0.0,
        10.0,
    ),
    ParameterSpec(
        "unknown_below_confidence",
        _FOLLOWER.evidence.min_confidence,
        "The emotion is UNKNOWN where the most probable one is less probable, smoothed over time. "
        "0: not for that.",
        Changes.ANY_TIME,
        0.0,
        1.0,
    ),
    ParameterSpec(
        "unknown_hysteresis",
        _FOLLOWER.evidence.hysteresis,
        "An emotion that is UNKNOWN is named again once what was too weak is better than its limit "
        "by this fraction of it. 0: at the limit.",
        Changes.ANY_TIME,
        0.0,
        1.0,
    ),
    ParameterSpec(
        "max_coast_s",
        _FOLLOWER.tracker.max_coast_s,
        "A person who has been looked for in vain and has not been detected for longer is gone.",
        Changes.ANY_TIME,
        0.0,
        60.0,
    ),
    ParameterSpec(
        "face_width_m",
        FACE_WIDTH_M,
        "How wide a face is taken to be (cheekbone to cheekbone) where the distance of `position` "
        "is estimated from its width. The default is an adult's; about 0.115 before children.",
        Changes.ANY_TIME,
        0.05,
        0.5,
    ),
    ParameterSpec(
        "use_depth",
        False,
        "Take the distance of `position` from the depth images on `depth`, which must be aligned "
        "with the images. Where a face has no depth, it is estimated from its width as without.",
        Changes.UNCONFIGURED,
    ),
    ParameterSpec(
        "depth_tolerance_s",
        0.05,
        "How far apart the stamps of an image and of its depth image may be.",
        Changes.ANY_TIME,
        0.0,
        1.0,
    ),
    ParameterSpec(
        "images_are_rectified",
        False,
        "The images are undistorted already, as image_proc's `image_rect`: `position` follows P of "
        "the CameraInfo, and not K and D.",
        Changes.ANY_TIME,
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
    ParameterSpec(
        "jpeg_quality",
        JPEG_QUALITY,
        "Quality of the compressed pictures, annotated_image and attention_image.",
        Changes.ANY_TIME,
        1,
        100,
    ),
    ParameterSpec(
        "blur_faces",
        False,
        "Make the head of everybody whom the node follows unrecognizable in annotated_image and "
        "attention_image.",
        Changes.ANY_TIME,
    ),
    ParameterSpec(
        "diagnostics_min_rate_hz",
        1.0,
        "Fewer processed images of a camera a second are a warning on /diagnostics. 0: never.",
        Changes.ANY_TIME,
        0.0,
        1000.0,
    ),
    ParameterSpec(
        "diagnostics_max_latency_s",
        1.0,
        "A 95th percentile of a camera's latency above it is a warning on /diagnostics. 0: never.",
        Changes.ANY_TIME,
        0.0,
        3600.0,
    ),
    ParameterSpec(
        "bond_heartbeat_period_s",
        0.1,
        "While the node is active it sends a heartbeat so often for nav2's lifecycle manager, "
        "where the package bond is installed. 0: none.",
        Changes.UNCONFIGURED,
        0.0,
        2.0,
    ),
)


def model_choice(values: ParameterValues) -> ModelChoice:
    """What to load, from the values of EMOTION_PARAMETERS."""
    return ModelChoice(
        weights=_path(str(values["weights"])),
        device=str(values["device"]),
        precision=str(values["precision"]),
        context_mode=str(values["context_mode"]),
        detector=str(values["detector"]),
        detector_weights=_path(str(values["detector_weights"])),
        detector_upsample=int(values["detector_upsample"]),
        given_boxes=_GIVEN_BOXES[values["face_boxes"]] if takes_faces(values) else None,
    )


def takes_faces(values: ParameterValues) -> bool:
    """Whether faces come from another node, by the values of EMOTION_PARAMETERS."""
    return bool(values["face_source"] == "hri")


def follower_settings(values: ParameterValues) -> FollowerSettings:
    """How people are followed, from the values of EMOTION_PARAMETERS."""
    return FollowerSettings(
        min_face_score=float(values["min_face_score"]),
        min_face_size_px=int(values["min_face_size_px"]),
        min_visible_fraction=float(values["min_visible_fraction"]),
        recognition_interval_s=float(values["recognition_interval_s"]),
        smoothing_time_constant_s=float(values["smoothing_time_constant_s"]),
        tracker=TrackerSettings(
            min_detections=int(values["min_detections"]),
            max_coast_s=float(values["max_coast_s"]),
        ),
        evidence=EvidenceLimits(
            min_size_px=float(values["unknown_below_size_px"]),
            min_visible_fraction=float(values["unknown_below_visible_fraction"]),
            min_sharpness=float(values["unknown_below_sharpness"]),
            max_turn=float(values["unknown_above_turn"]),
            min_confidence=float(values["unknown_below_confidence"]),
            hysteresis=float(values["unknown_hysteresis"]),
        ),
    )


def position_settings(values: ParameterValues) -> PositionSettings:
    """How positions are estimated, from the values of EMOTION_PARAMETERS."""
    return PositionSettings(
        face_width_m=float(values["face_width_m"]),
        depth_tolerance_s=float(values["depth_tolerance_s"]),
        use_depth=bool(values["use_depth"]),
        is_rectified=bool(values["images_are_rectified"]),
    )


def detection_policy(values: ParameterValues, models: Models) -> DetectionPolicy:
    """What is searched in each image, from the values of EMOTION_PARAMETERS."""
    if takes_faces(values):
        return FullDetection()
    detector = models.detector
    if _is_sparse(values) and searches_parts(detector):
        return policy_maker("sparse", detector, sweep_period_s=float(values["sweep_period_s"]))()
    return FullDetection(float(values["detection_interval_s"]))


def picture_settings(values: ParameterValues) -> PictureSettings:
    """How pictures are published, from the values of EMOTION_PARAMETERS."""
    return PictureSettings(int(values["jpeg_quality"]), bool(values["blur_faces"]))


def health_limits(values: ParameterValues) -> HealthLimits:
    """What /diagnostics calls well, from the values of EMOTION_PARAMETERS."""
    return HealthLimits(
        min_rate_hz=float(values["diagnostics_min_rate_hz"]),
        max_latency_s=float(values["diagnostics_max_latency_s"]),
    )


def questionable_combinations(values: ParameterValues) -> Iterator[str]:
    """What does not go together in the values of EMOTION_PARAMETERS, a sentence each.

    None of it is refused: parameters that are set one after the other pass through combinations
    that nobody wants.
    """
    interval_s, max_coast_s = float(values["detection_interval_s"]), float(values["max_coast_s"])
    if 0 < max_coast_s < interval_s:
        yield (
            f"max_coast_s ({max_coast_s:g}) is shorter than detection_interval_s "
            f"({interval_s:g}): a face that is missed once is forgotten"
        )


def speed_advice(values: ParameterValues) -> str:
    """What would make the node faster, given the values of EMOTION_PARAMETERS."""
    if takes_faces(values):
        return (
            "With face_source hri only images that faces come for are processed: look at the rate "
            "of /humans/faces/tracked first"
        )
    options = []
    if values["detector"] == "mmod" and not _is_sparse(values):
        options.append("detection sparse (and detection_interval_s 0)")
    if values["detector"] != "yunet":
        options.append("detector yunet")
    if int(values["detector_upsample"]) > 0:
        options.append("a lower detector_upsample")
    options += ["images of a lower resolution", "device cuda on a machine with a GPU"]
    return f"To be faster: {', '.join(options)}"


def _is_sparse(values: ParameterValues) -> bool:
    return values["detection"] == "sparse" and float(values["detection_interval_s"]) == 0


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None
