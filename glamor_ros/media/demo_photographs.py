"""Photographs of people that come with scikit-image."""

from __future__ import annotations

import numpy as np
from skimage import data

from .pictures import BgrImage

# Cut so that the faces stay in a 4:3 view that moves about the middle.
_ONE_ROWS = slice(0, 400)
_TWO_COLUMNS = slice(40, 400)


def one_person() -> BgrImage:
    """The astronaut Eileen Collins (NASA, public domain), 512x400."""
    return np.ascontiguousarray(_astronaut()[_ONE_ROWS])


def two_people() -> BgrImage:
    """The astronaut beside her mirror image, 720x512; the faces are about 95 px wide."""
    half = _astronaut()[:, _TWO_COLUMNS]
    return np.hstack([half, half[:, ::-1]])


def _astronaut() -> BgrImage:
    image: BgrImage = data.astronaut()[..., ::-1]
    return image
