"""Photographs without people that come with scikit-image: backgrounds of composed scenes."""

from __future__ import annotations

import numpy as np
from skimage import data

from .pictures import BgrImage

_COLOURED = ("chelsea", "coffee", "rocket", "hubble_deep_field")
_GREY = ("brick", "coins", "grass", "gravel", "page", "text")


def photographs_without_people() -> list[BgrImage]:
    """A cat, a cup, a rocket, the sky, walls, ground and paper; those in the package's wheel."""
    coloured = [getattr(data, name)()[..., ::-1] for name in _COLOURED]
    coloured += [view[..., ::-1] for view in data.stereo_motorcycle()[:2]]
    grey = [np.repeat(getattr(data, name)()[..., None], 3, axis=2) for name in _GREY]
    return [np.ascontiguousarray(picture) for picture in coloured + grey]
