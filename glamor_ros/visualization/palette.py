"""The colours of emotions and of attention, the same wherever they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import cv2
import numpy as np

from ..network.emotions import UNKNOWN_EMOTION

BgrColor = tuple[int, int, int]

BLACK: BgrColor = (0, 0, 0)
WHITE: BgrColor = (255, 255, 255)

# Okabe and Ito's colours, which people of every colour vision tell apart
# (jfly.uni-koeln.de/color, 2008), and greys for Neutral and for people whose emotion is not known.
EMOTION_COLORS: Mapping[str, str] = MappingProxyType(
    {
        "Anger": "#D55E00",
        "Disgust": "#009E73",
        "Fear": "#CC79A7",
        "Happy": "#F0E442",
        "Neutral": "#C8C8C8",
        "Sad": "#0072B2",
        "Surprise": "#56B4E9",
        UNKNOWN_EMOTION: "#707070",
    }
)

# The hottest colour of an attention map stands for this many times the weight that every cell has
# in an even map, or for the highest weight where that is more: a map without a focus stays cool.
HOT_OVER_EVEN = 3.0
# From no attention to the hottest: (256, 1, 3) uint8 BGR. The lightness rises with the heat, so
# that it is read right with every colour vision.
HEAT_COLORS = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)


def emotion_color(emotion: str) -> BgrColor:
    """The colour of an emotion in OpenCV's order, each channel 0 to 255.

    Raises:
        KeyError: There is no such emotion.
    """
    red, green, blue = bytes.fromhex(EMOTION_COLORS[emotion].removeprefix("#"))
    return blue, green, red


def readable_on(background: BgrColor) -> BgrColor:
    """Black or white, whichever contrasts more with the background."""
    luminance = relative_luminance(background)
    against_white = contrast_ratio(luminance, 1.0)
    return WHITE if against_white > contrast_ratio(luminance, 0.0) else BLACK


def relative_luminance(color: BgrColor) -> float:
    """The relative luminance of a colour, in [0, 1] (WCAG 2.1, "relative luminance")."""
    blue, green, red = (_linear(channel / 255) for channel in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast_ratio(luminance: float, other: float) -> float:
    """The contrast of two luminances, in [1, 21] (WCAG 2.1, success criterion 1.4.3).

    4.5 is enough for text.
    """
    lighter, darker = max(luminance, other), min(luminance, other)
    return (lighter + 0.05) / (darker + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4
