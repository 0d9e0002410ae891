"""The parameters of dashboard_node. Defaults are given here only."""

from __future__ import annotations

from ..common.camera_names import problem_with_camera_names
from ..common.parameter_spec import Changes, ParameterSpec, ParameterValue
from ..input.image_subscription import RELIABILITIES, TRANSPORTS
from .access import MIN_TOKEN_LENGTH


def _problem_with_token(value: ParameterValue) -> str | None:
    if isinstance(value, str) and 0 < len(value) < MIN_TOKEN_LENGTH:
        return (
            f"token has {len(value)} characters; use at least {MIN_TOKEN_LENGTH}, or leave it "
            "empty for one that the node makes"
        )
    return None


DASHBOARD_PARAMETERS = (
    ParameterSpec(
        "cameras",
        [""],
        "The cameras that are shown, as emotion_node has them. Empty, or an empty name: one "
        "camera, with `image` and `emotions`.",
        Changes.AT_START,
        problem=problem_with_camera_names,
    ),
    ParameterSpec(
        "host",
        "127.0.0.1",
        "Address that the page is served on. 127.0.0.1: for this machine alone. 0.0.0.0 or an "
        "address of the robot: for its network; viewers then need a token.",
        Changes.AT_START,
    ),
    ParameterSpec(
        "port",
        8080,
        "Port that the page is served on. 0: a free one, which the log names.",
        Changes.AT_START,
        0,
        65535,
    ),
    ParameterSpec(
        "token",
        "",
        "What viewers must know. Empty: nothing on 127.0.0.1, else a token that the node makes and "
        f"writes into its log. At least {MIN_TOKEN_LENGTH} characters.",
        Changes.AT_START,
        problem=_problem_with_token,
    ),
    ParameterSpec(
        "allowed_hosts",
        [""],
        "Further names of this machine that browsers may use in the page's address, as that of a "
        "reverse proxy.",
        Changes.AT_START,
    ),
    ParameterSpec(
        "max_viewers",
        30,
        "More viewers at the same time are turned away.",
        Changes.AT_START,
        1,
        100,
    ),
    ParameterSpec(
        "max_picture_rate_hz",
        30.0,
        "No more pictures of a camera are sent in a second.",
        Changes.AT_START,
        0.1,
        120.0,
    ),
    ParameterSpec(
        "max_picture_width_px",
        1280,
        "Wider images are made smaller before they are sent.",
        Changes.AT_START,
        64,
        16384,
    ),
    ParameterSpec(
        "jpeg_quality",
        80,
        "Quality of the pictures sent.",
        Changes.AT_START,
        10,
        100,
    ),
    ParameterSpec(
        "image_transport",
        "raw",
        "raw: sensor_msgs/Image on `image`. compressed: sensor_msgs/CompressedImage on "
        "`image/compressed`, whose jpegs are sent on as they are.",
        Changes.AT_START,
        choices=TRANSPORTS,
    ),
    ParameterSpec(
        "image_reliability",
        "auto",
        "auto: reliable where all publishers of the images are, else best_effort.",
        Changes.AT_START,
        choices=RELIABILITIES,
    ),
    ParameterSpec(
        "niceness",
        15,
        "How far the node gives way to others that want the processor (nice): 0 not at all, 19 "
        "wholly. The perception goes before the picture of it.",
        Changes.AT_START,
        0,
        19,
    ),
)
