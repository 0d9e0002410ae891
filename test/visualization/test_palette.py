import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import rgb2lab

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.perception.people import UNKNOWN_EMOTION
from glamor_ros.visualization.palette import (
    BLACK,
    EMOTION_COLORS,
    WHITE,
    contrast_ratio,
    emotion_color,
    readable_on,
    relative_luminance,
)

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", 2009, table 1, severity 1.0; on linear RGB.
SIMULATIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def seen_as_lab(emotion: str, simulation: NDArray[np.float64]) -> NDArray[np.float64]:
    rgb = np.array(emotion_color(emotion)[::-1]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = (simulation @ linear).clip(0, 1)
    return rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055))


def test_every_emotion_has_a_colour() -> None:
    assert tuple(EMOTION_COLORS) == (*EMOTIONS, UNKNOWN_EMOTION)


def test_colours_are_in_opencvs_channel_order() -> None:
    assert emotion_color("Anger") == (0x00, 0x5E, 0xD5)


@pytest.mark.parametrize("vision", SIMULATIONS)
def test_every_colour_vision_tells_the_emotions_apart(vision: str) -> None:
    labs = [seen_as_lab(emotion, SIMULATIONS[vision]) for emotion in EMOTIONS]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(labs, 2)]
    # A just noticeable difference is about 2.
    assert min(distances) > 10


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_text_on_every_colour_has_enough_contrast(emotion: str) -> None:
    ground = emotion_color(emotion)
    contrast = contrast_ratio(relative_luminance(ground), relative_luminance(readable_on(ground)))
    assert contrast >= 4.5


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast_ratio(relative_luminance(BLACK), relative_luminance(WHITE)) == pytest.approx(21)
    assert relative_luminance((0, 0, 255)) == pytest.approx(0.2126)
