"""Pictures that do not show who it was."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ..perception.geometry import Box, Region

# A detector's box ends at brows and chin; hair, ears and outline tell who it is as well.
_HEAD_PER_FACE = 1.7
# What is left of a head is the mean colour of so many cells a side. A Gaussian blur can be undone.
_CELLS = 4


def blur_faces(image_bgr: NDArray[np.uint8], faces: Iterable[Region]) -> NDArray[np.uint8]:
    """A copy of the image in which heads are blurred so that nobody can be recognized.

    Args:
        image_bgr: (H, W, 3), uint8.
        faces: The faces; the heads around them are blurred as well.
    """
    picture = image_bgr.copy()
    height, width = picture.shape[:2]
    for face in faces:
        box = Box(face.x, face.y, face.x + face.width, face.y + face.height)
        head = box.scaled(_HEAD_PER_FACE).clipped(width, height)
        if head.is_empty:
            continue
        # From the original: of overlapping heads none is averaged with another's blur.
        rows, columns = slice(head.y, head.y + head.height), slice(head.x, head.x + head.width)
        means = cv2.resize(image_bgr[rows, columns], (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
        picture[rows, columns] = cv2.resize(
            means, (head.width, head.height), interpolation=cv2.INTER_LINEAR
        )
    return picture
