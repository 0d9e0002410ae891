"""Where the emotions lie between unpleasant and pleasant, calm and excited."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .emotions import EMOTIONS

# Pleasure and arousal, each in [-1, 1], of the words angry, disgusted, fearful, happy, sad and
# surprised: Russell and Mehrabian, Evidence for a three-factor theory of emotions, Journal of
# Research in Personality 11 (1977), Table 2, as later works quote it. "Neutral" is not among their
# 151 words; it is taken to be the origin of both scales.
COORDINATES = {
    "Anger": (-0.51, 0.59),
    "Disgust": (-0.60, 0.35),
    "Fear": (-0.64, 0.60),
    "Happy": (0.81, 0.51),
    "Neutral": (0.0, 0.0),
    "Sad": (-0.63, -0.27),
    "Surprise": (0.40, 0.67),
}


def valence_and_arousal(probabilities: NDArray[np.float32]) -> tuple[float, float]:
    """The expectation of COORDINATES: a summary of the probabilities, and no other measurement.

    Args:
        probabilities: (7,), in the order of EMOTIONS, sum 1; NaN gives NaN.

    Returns:
        Valence in [-0.64, 0.81] and arousal in [-0.27, 0.67]: the words' own range.
    """
    # In the messages' precision, so that what is read from a bag equals what was published.
    coordinates = np.array([COORDINATES[emotion] for emotion in EMOTIONS], np.float32)
    valence, arousal = probabilities.astype(np.float32) @ coordinates
    return float(valence), float(arousal)
