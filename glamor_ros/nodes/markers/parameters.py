"""The parameters of markers_node. Defaults are given here only."""

from __future__ import annotations

import math

from ...messages.markers import MarkerSize
from ..common.camera_names import problem_with_camera_names
from ..common.node_parameters import ParameterValues
from ..common.parameter_spec import Changes, ParameterSpec

_SIZE = MarkerSize()

MARKERS_PARAMETERS = (
    ParameterSpec(
        "cameras",
        [""],
        "The cameras whose people get markers, as emotion_node has them. Empty, or an empty name: "
        "one camera, with `emotions` and `markers`.",
        Changes.AT_START,
        problem=problem_with_camera_names,
    ),
    ParameterSpec(
        "lifetime_s",
        _SIZE.lifetime_s,
        "A viewer removes markers that have not been renewed for so long, so that those of a node "
        "that has died do not stay. Longer than the time between two images.",
        Changes.AT_START,
        0.05,
        60.0,
    ),
    ParameterSpec(
        "scale",
        _SIZE.scale,
        "Factor of the markers' sizes. 1: letters of 7 cm, and a bar of 30 cm for certainty.",
        Changes.AT_START,
        0.1,
        10.0,
    ),
    ParameterSpec(
        "max_speed_m_s",
        2.0,
        "Markers and frames move no faster than this; what is estimated from the size of a face "
        "jumps. 0: positions as they are published.",
        Changes.AT_START,
        0.0,
        100.0,
    ),
    ParameterSpec(
        "publish_tf",
        False,
        "Publish a frame `face_<person_id>` on /tf for everybody whose position is known, with the "
        "axes of the camera's optical frame. Needs tf2_msgs.",
        Changes.AT_START,
    ),
)


def marker_size(values: ParameterValues) -> MarkerSize:
    """How large and lasting markers are, from the values of MARKERS_PARAMETERS."""
    return MarkerSize(scale=float(values["scale"]), lifetime_s=float(values["lifetime_s"]))


def speed_limit_m_s(values: ParameterValues) -> float:
    """How fast positions may move, from the values of MARKERS_PARAMETERS; infinite: any speed."""
    return float(values["max_speed_m_s"]) or math.inf
