"""The parameters of hri_node. Defaults are given here only."""

from __future__ import annotations

from ..common.camera_names import problem_with_camera_names
from ..common.parameter_spec import Changes, ParameterSpec
from ..input.image_subscription import RELIABILITIES, TRANSPORTS

HRI_PARAMETERS = (
    ParameterSpec(
        "cameras",
        [""],
        "The cameras whose people are shown, as emotion_node has them; all go into one list of "
        "faces. Empty, or an empty name: one camera, with `image` and `emotions`.",
        Changes.AT_START,
        problem=problem_with_camera_names,
    ),
    ParameterSpec(
        "publish_faces",
        True,
        "False: expressions alone, for faces that another node publishes, from which emotion_node "
        "takes them (face_source hri).",
        Changes.AT_START,
    ),
    ParameterSpec(
        "cropped_width_px",
        128,
        "Width of the cropped faces (REP-155: /humans/faces/width).",
        Changes.AT_START,
        8,
        2048,
    ),
    ParameterSpec(
        "cropped_height_px",
        128,
        "Height of the cropped faces (REP-155: /humans/faces/height).",
        Changes.AT_START,
        8,
        2048,
    ),
    ParameterSpec(
        "max_silence_s",
        2.0,
        "The faces of a camera are gone when no message has come on its `emotions` for longer.",
        Changes.AT_START,
        0.1,
        60.0,
    ),
    ParameterSpec(
        "image_transport",
        TRANSPORTS[0],
        "Of the images that faces are cut out of, while somebody subscribes to them. raw: "
        "sensor_msgs/Image on `image`. compressed: sensor_msgs/CompressedImage on "
        "`image/compressed`.",
        Changes.AT_START,
        choices=TRANSPORTS,
    ),
    ParameterSpec(
        "image_reliability",
        RELIABILITIES[0],
        "auto: reliable where all publishers of the images are, else best_effort.",
        Changes.AT_START,
        choices=RELIABILITIES,
    ),
)
