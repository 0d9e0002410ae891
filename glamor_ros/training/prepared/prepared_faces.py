"""Faces without scenes, prepared as they are asked for and set into neutral surroundings."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.emotion_dataset import Batch, EmotionDataset, Indices
from ..data.face_crops import FaceCrops, window_of
from ..data.samples import SettingsError
from .sample_preparation import SamplePreparation

OWN_FACES = ("blurred", "varied")
# What a face without expression is reduced to, before it is spread over its place.
BLURRED_PX = 4
GREY = 128


class PreparedFaces(EmotionDataset):
    """A dataset of face crops in neutral surroundings.

    The context is mid-grey, with the own face in the middle third of what is cut from it. For a
    network with masked faces it is black there. Where faces are visible it is seen there; where the
    attention leaves it out (`others_visible`), so blurred that no expression remains: the cells
    beside it see a little of it, and would learn to read the face there instead of other people's.
    Nobody else is there, and nobody decides.

    Args:
        crops: The faces. A face is the detector's box times the input_spec's `face_box_scale`, or
            the whole crop where there are no boxes. Beyond the crop its border repeats.
        preparation: How they are prepared.
        every_box: Whether a face is there once for each detector that has found it, to train on the
            differences between detectors; else once, with the first box that there is.
        own_faces: What is seen of the own face where the attention leaves it out: "blurred"; or
            "varied", one after the other nothing, the face itself, and the blurred face.
    """

    def __init__(
        self,
        crops: FaceCrops,
        preparation: SamplePreparation,
        *,
        every_box: bool = False,
        own_faces: str = "blurred",
    ) -> None:
        if own_faces not in OWN_FACES:
            raise SettingsError(f"own_faces is '{own_faces}'; known are {', '.join(OWN_FACES)}")
        height, width = preparation.input_spec.face_size
        if height != width:
            raise SettingsError(
                f"face_size is {height}x{width}; these faces are square, and so must it be"
            )
        self._crops = crops
        self._preparation = preparation
        self._varies = own_faces == "varied" and preparation.input_spec.leaves_out_own_face
        self._places, self._windows = _windows(
            crops, preparation.input_spec.face_box_scale, every_box
        )
        self._distributions = crops.distributions[self._places]
        self._surroundings, self._own_place = _neutral_surroundings(preparation)

    @property
    def distributions(self) -> NDArray[np.float32]:
        return self._distributions

    @property
    def names(self) -> Sequence[str]:
        return [self._crops.names[place] for place in self._places]

    def batch(self, indices: Indices) -> Batch:
        """The samples at these indices, in this order; see `EmotionDataset.batch`.

        Contexts that are the same for all samples share one memory.
        """
        chosen = np.asarray(indices, np.int64)
        height, width, _ = self._preparation.face_shape
        channels = self._crops.images.shape[-1]
        faces = np.empty((len(chosen), height, width, channels), np.uint8)
        for row, index in enumerate(chosen):
            faces[row] = self._window(index, self._preparation.face_margin_px, height)
        return Batch(
            torch.from_numpy(faces).permute(0, 3, 1, 2).expand(-1, 3, -1, -1),
            self._contexts(chosen).permute(0, 3, 1, 2),
            torch.from_numpy(self._distributions[chosen]),
        )

    def _contexts(self, indices: NDArray[np.int64]) -> Tensor:
        surroundings = torch.from_numpy(self._surroundings).expand(len(indices), -1, -1, -1)
        if self._preparation.input_spec.context_faces == "masked":
            return surroundings
        contexts = surroundings.clone()
        for context, index in zip(contexts.numpy(), indices, strict=True):
            self._show_own_face(context, index)
        return contexts

    def _window(self, index: int, margin_px: int, side_px: int) -> NDArray[np.uint8]:
        """A face with a margin in pixels of the prepared face."""
        image = self._crops.images[self._places[index]]
        x, y, width = (float(part) * len(image) for part in self._windows[index])
        scale = side_px / (side_px - 2 * margin_px)
        return window_of(image, x, y, width * scale, side_px)

    def _show_own_face(self, context: NDArray[np.uint8], index: int) -> None:
        if self._varies and index % 3 == 0:
            return
        rows, columns = self._own_place
        size = columns.stop - columns.start, rows.stop - rows.start
        face = self._window(index, 0, self._preparation.input_spec.face_size[0])
        is_sharp = self._varies and index % 3 == 1
        if self._preparation.input_spec.leaves_out_own_face and not is_sharp:
            face = cv2.resize(face, (BLURRED_PX, BLURRED_PX), interpolation=cv2.INTER_AREA)
        shown = cv2.resize(face, size, interpolation=cv2.INTER_LINEAR)
        context[rows, columns, :3] = shown.reshape(*shown.shape[:2], -1)


def _windows(
    crops: FaceCrops, face_box_scale: float, every_box: bool
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each sample the place of its crop, (M,), and the face's centre and width, (M, 3)."""
    if crops.boxes is None:
        whole = np.array([0.5, 0.5, 1.0], np.float32)
        return np.arange(len(crops)), np.tile(whole, (len(crops), 1))
    found = np.isfinite(crops.boxes).all(axis=2)
    if not every_box:
        found &= found.cumsum(axis=1) == 1
    places, detectors = np.nonzero(found)
    return places, crops.boxes[places, detectors] * np.array([1, 1, face_box_scale], np.float32)


def _neutral_surroundings(
    preparation: SamplePreparation,
) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """A context, (128, 171, 3 to 5), and the rows and columns of the own face in it."""
    spec = preparation.input_spec
    rows, columns = (
        slice(offset + round(crop / 3), offset + round(2 * crop / 3))
        for offset, crop in zip(spec.context_crop_offset, spec.context_crop, strict=True)
    )
    context = np.full(preparation.context_shape, GREY, np.uint8)
    if spec.context_faces == "masked":
        context[rows, columns] = 0
    if spec.leaves_out_own_face:
        context[..., 3:] = 0
        context[rows, columns, 3] = 255
    return context, (rows, columns)
