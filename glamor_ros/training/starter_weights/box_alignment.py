"""How the face detector's boxes lie in crops of a data set."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...perception.detection.face_detector import FaceDetector
from ...perception.frame import Frame

ENLARGED_PX = 160
BORDER_PX = 48


def relative_box_widths(
    detector: FaceDetector, crops: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], int]:
    """Widths of the boxes over those of the crops (N, h, w), and in how many there was no face.

    Crops are enlarged, and their borders repeated outwards, until the detector can see the face.
    """
    widths = []
    for crop in crops:
        enlarged = cv2.resize(crop, (ENLARGED_PX, ENLARGED_PX), interpolation=cv2.INTER_CUBIC)
        framed = np.pad(enlarged, BORDER_PX, mode="edge")
        # The repeated border's stripes would be edges to the detector.
        image = cv2.cvtColor(cv2.GaussianBlur(framed, (0, 0), 1), cv2.COLOR_GRAY2BGR)
        (detections,) = detector.detect([Frame(image.astype(np.uint8))])
        if detections:
            best = max(detections, key=lambda detection: detection.score)
            widths.append(best.box.width / ENLARGED_PX)
    return np.array(widths), len(crops) - len(widths)
