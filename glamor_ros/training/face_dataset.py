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
from .sample_preparation import SamplePreparation

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
        is_masked = input_spec.context_faces == "masked"
        self._shared_context = self._context(_as_bgr(faces.images[0])) if is_masked else None

    @property
    def distributions(self) -> NDArray[np.float32]:
        return self._faces.distributions

    @property
    def names(self) -> Sequence[str]:
        return self._names

    def batch(self, indices: Indices) -> Batch:
        chosen = np.asarray(indices, np.int64)
        images = [_as_bgr(image) for image in self._faces.images[chosen]]
        if self._shared_context is None:
            contexts = np.stack([self._context(image) for image in images])
        else:
            contexts = np.repeat(self._shared_context[None], len(images), axis=0)
        return as_batch(
            np.stack([self._face(image) for image in images]),
            contexts,
            self._faces.distributions[chosen],
        )

    def _face(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = image_bgr.shape[:2]
        return self._preparation.face(image_bgr, Box(0, 0, width, height))

    def _context(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return self._preparation.context(*self._surroundings.around(image_bgr))


def _as_bgr(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image
