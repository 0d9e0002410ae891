"""The two people of the demo, whose expressions change."""

from __future__ import annotations

import math

import numpy as np

from .demo_photographs import two_people
from .moving_photograph import PictureAt
from .pictures import BgrImage
from .warped_face import Expression, Face, Paint, Pull, WarpedFace, between

# Where the parts of the face are was measured in the left half of `two_people`.
_TEETH = (
    (167, 141.5),
    (176, 143.5),
    (183.5, 144),
    (192, 144),
    (201, 142.5),
    (198, 147),
    (191, 150),
    (182, 151),
    (174, 149),
)
_FACE = Face(
    left=110,
    top=60,
    right=270,
    bottom=230,
    movements={
        "mouth_corners_down": (Pull(164, 140, 8, 7, 0, 1), Pull(204, 141.5, 8, 7, 0, 1)),
        "mouth_corners_in": (Pull(164, 140, 8, 8, 1, 0), Pull(204, 141.5, 8, 8, -1, 0)),
        "lips_together": (Pull(183, 142, 14, 4.5, 0, 1), Pull(182, 153, 14, 5, 0, -1)),
        "mouth_up": (Pull(183, 148, 16, 8, 0, -1),),
        "jaw_down": (Pull(181, 168, 22, 13, 0, 1),),
        "inner_brows_up": (Pull(174, 92, 7, 5, 0, -1), Pull(198, 93.5, 7, 5, 0, -1)),
        "outer_brows_up": (Pull(154, 89, 8, 5, 0, -1), Pull(220, 95, 8, 5, 0, -1)),
        "brows_in": (Pull(171, 92, 8, 5, 1, 0), Pull(201, 93.5, 8, 5, -1, 0)),
        "eyelids_apart": (
            Pull(164, 97, 8, 3.5, 0, -1),
            Pull(164, 105, 8, 3.5, 0, 1),
            Pull(206.6, 99, 8, 3.5, 0, -1),
            Pull(206.6, 107, 8, 3.5, 0, 1),
        ),
    },
    paints={
        "teeth_as_lips": Paint(_TEETH, (110, 105, 170)),
        "teeth_dark": Paint(_TEETH, (25, 20, 40)),
    },
)
# Found by a random search for what the network that comes with the package reads with confidence;
# docs/demo.md has the figures. Smaller movements still are a smile to it.
_SMILE: Expression = {}
_ASTONISHMENT: Expression = {
    "mouth_corners_down": 10.0,
    "mouth_corners_in": 9.5,
    "lips_together": -3.8,
    "mouth_up": 2.0,
    "jaw_down": 9.9,
    "inner_brows_up": 5.5,
    "outer_brows_up": 6.0,
    "brows_in": 0.8,
    "eyelids_apart": 0.4,
    "teeth_dark": 1.0,
}
_ANGER: Expression = {
    "mouth_corners_down": 4.2,
    "mouth_corners_in": 10.0,
    "lips_together": -5.5,
    "mouth_up": -4.3,
    "jaw_down": 10.0,
    "inner_brows_up": -6.0,
    "outer_brows_up": 4.8,
    "brows_in": -0.7,
    "eyelids_apart": -1.2,
    "teeth_as_lips": 0.3,
    "teeth_dark": 0.4,
}
_SADNESS: Expression = {
    "mouth_corners_down": 8.6,
    "mouth_corners_in": 9.9,
    "lips_together": -6.0,
    "mouth_up": -5.4,
    "jaw_down": -3.0,
    "inner_brows_up": 5.6,
    "outer_brows_up": -5.6,
    "brows_in": 7.0,
    "eyelids_apart": 0.2,
    "teeth_as_lips": 1.0,
}
_EXPRESSIONS = (_SMILE, _ASTONISHMENT, _ANGER, _SADNESS)
_SHOWN_S, _CHANGE_S = 4.0, 1.0


def two_people_acting() -> PictureAt:
    """What gives `two_people` at a time in seconds, with expressions that change.

    The photograph is warped: nobody has made these faces. Both people go through all expressions,
    the one at the right half a round later.
    """
    photograph = two_people()
    actor = WarpedFace(photograph[:, : photograph.shape[1] // 2], _FACE)
    later_s = len(_EXPRESSIONS) // 2 * (_SHOWN_S + _CHANGE_S)

    def picture_at(time_s: float) -> BgrImage:
        left, right = (
            actor.showing(_expression_at(seconds)) for seconds in (time_s, time_s - later_s)
        )
        return np.hstack([left, right[:, ::-1]])

    return picture_at


def _expression_at(time_s: float) -> Expression:
    """One expression after the other, without end."""
    turns, within_s = divmod(time_s, _SHOWN_S + _CHANGE_S)
    number = int(turns) % len(_EXPRESSIONS)
    done = max(within_s - _SHOWN_S, 0.0) / _CHANGE_S
    eased = (1 - math.cos(math.pi * done)) / 2
    return between(_EXPRESSIONS[number], _EXPRESSIONS[(number + 1) % len(_EXPRESSIONS)], eased)
