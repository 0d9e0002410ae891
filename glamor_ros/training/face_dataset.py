"""Faces without a picture around them, as FER+ has them, as samples with neutral surroundings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..network.input_spec import InputSpec
from ..perception.geometry import Box
from .emotion_dataset import Batch, EmotionDataset, Indices, as_batch
from .ferplus import LabelledFaces
from .sample_preparation import PreparedSample, SamplePreparation

GREY = 128


@dataclass(frozen=True)
class NeutralSurroundings:
    """An even grey picture with the face in its middle.

    scale: the picture's sides over the face's.
    """

    scale: float = 3.0
    grey: int = GREY

    def around(self, face_bgr: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Box]:
        """(h, w, 3) to a picture (scale h, scale w, 3), and where the face is in it."""
        height, width = face_bgr.shape[:2]
        picture = np.full(
            (round(height * self.scale), round(width * self.scale), 3), self.grey, np.uint8
        )
        top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
        picture[top : top + height, left : left + width] = face_bgr
        return picture, Box(left, top, left + width, top + height)


class FaceDataset(EmotionDataset):
    """Faces (N, h, w) uint8 grey, or (N, h, w, 3) BGR, prepared when they are asked for.

    The crop is the face's whole image, whatever the input_spec's face_box_scale: these images
    are crops already. The margin, if any, repeats its edges. Where input_spec masks faces, all
    samples have the same context.
    """

    def __init__(
        self,
        faces: LabelledFaces,
        input_spec: InputSpec,
        *,
        face_margin_px: int = 0,
        surroundings: NeutralSurroundings | None = None,
    ) -> None:
        if len(faces) == 0:
            raise ValueError("there is no face")
        self._faces = faces
        self._names = [f"face {index}" for index in range(len(faces))]
        self._surroundings = surroundings or NeutralSurroundings()
        self._preparation = SamplePreparation(
            replace(input_spec, face_box_scale=1.0), face_margin_px
        )

    @property
    def distributions(self) -> NDArray[np.float32]:
        return self._faces.distributions

    @property
    def names(self) -> Sequence[str]:
        return self._names

    def batch(self, indices: Indices) -> Batch:
        chosen = np.asarray(indices, np.int64)
        prepared = [self._prepare(image) for image in self._faces.images[chosen]]
        return as_batch(
            np.stack([one.face for one in prepared]),
            np.stack([one.context for one in prepared]),
            self._faces.distributions[chosen],
        )

    def _prepare(self, image: NDArray[np.uint8]) -> PreparedSample:
        face_bgr = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image
        picture, box = self._surroundings.around(face_bgr)
        height, width = image.shape[:2]
        return PreparedSample(
            self._preparation.face(face_bgr, Box(0, 0, width, height)),
            self._preparation.context(picture, box),
        )
