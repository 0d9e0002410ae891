"""The preparation of samples: the uint8 images that are augmented and then given to the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import GlamorError
from ...media.pictures import read_picture
from ...network.input_spec import InputSpec
from ...perception.geometry import Box, Region
from ...perception.recognition.preprocessing import Preprocessor
from ..data.emotion_dataset import as_uint8
from ..data.samples import Sample, SettingsError

WITHOUT_FACE = ("black", "whole_image", "skip")


class SampleError(GlamorError, ValueError):
    """A sample that cannot be prepared, although its image can be read."""


@dataclass(frozen=True)
class PreparedSample:
    """A sample's images before augmentation, uint8, RGB (see `Batch`).

    Attributes:
        face: (h + 2 margin, w + 2 margin, 3).
        context: (128, 171, 3), not yet cropped; with a fourth channel, 255 where the own face is
            and else 0, for a network whose attention leaves it out.
    """

    face: NDArray[np.uint8]
    context: NDArray[np.uint8]


@dataclass(frozen=True)
class SamplePreparation:
    """The preparation of samples: the recognizer's, with what augmentation needs besides.

    Attributes:
        input_spec: The network's inputs. The context keeps the size context_resize.
        face_margin_px: Added on each side of the face for random crops and rotations, in pixels of
            the resized face; with 0 the face is exactly the recognizer's.
        without_face: What becomes of a sample without a box: it gets a "black" face, as in the
            released code, or the "whole_image" as its face, with the context unmasked in both
            cases; or it is left out ("skip").
        with_deciders: Whether contexts have a fifth channel, where the person is who decides; only
            for data that tell (see `ComposedScenes`).
    """

    input_spec: InputSpec
    face_margin_px: int = 0
    without_face: str = "black"
    with_deciders: bool = False

    def __post_init__(self) -> None:
        if self.with_deciders and not self.input_spec.leaves_out_own_face:
            raise SettingsError(
                "who decides can be told only where others are visible; set context_faces to "
                "'others_visible'"
            )
        if self.face_margin_px < 0:
            raise SettingsError(f"face_margin_px is {self.face_margin_px}; it must be at least 0")
        if self.without_face not in WITHOUT_FACE:
            raise SettingsError(
                f"without_face is {self.without_face!r}; known are {', '.join(WITHOUT_FACE)}"
            )

    @property
    def face_shape(self) -> tuple[int, int, int]:
        """The shape of a prepared face, (height, width, 3)."""
        height, width = self.input_spec.face_size
        return height + 2 * self.face_margin_px, width + 2 * self.face_margin_px, 3

    @property
    def context_shape(self) -> tuple[int, int, int]:
        """The shape of a prepared context, (height, width, channels)."""
        channels = 4 if self.input_spec.leaves_out_own_face else 3
        return *self.input_spec.context_resize, channels + self.with_deciders

    def read(self, sample: Sample) -> PreparedSample:
        """The prepared images of a sample, read from its file.

        Raises:
            MediaError: The image cannot be read.
            SampleError: There is no face where one is needed, or its box is outside the image.
        """
        if sample.box is None and self.without_face == "skip":
            raise SampleError("has no face")
        image_bgr = read_picture(sample.image)
        return PreparedSample(self.face(image_bgr, sample.box), self.context(image_bgr, sample.box))

    def face(self, image_bgr: NDArray[np.uint8], box: Box | None) -> NDArray[np.uint8]:
        """The face, cut out and resized with its margin.

        Args:
            image_bgr: (H, W, 3).
            box: The face; None where none is known.

        Returns:
            (h + 2 margin, w + 2 margin, 3), RGB.

        Raises:
            SampleError: The box is outside the image.
        """
        if box is None and self.without_face != "whole_image":
            return np.zeros(self.face_shape, np.uint8)
        height, width = image_bgr.shape[:2]
        region = self._region(image_bgr, box) if box else Region(0, 0, width, height)
        preprocessor = Preprocessor(self.input_spec)
        image = torch.from_numpy(np.require(image_bgr, requirements=["C", "W"]))
        (face,) = preprocessor.faces_with_margin(image, [region], self.face_margin_px)
        return as_uint8(face)

    def context(self, image_bgr: NDArray[np.uint8], box: Box | None) -> NDArray[np.uint8]:
        """The context, masked and resized but not cropped.

        Args:
            image_bgr: (H, W, 3).
            box: The face; None where none is known.

        Returns:
            (128, 171, 3), RGB; (128, 171, 4) with the own face's place, see PreparedSample.

        Raises:
            SampleError: The box is outside the image.
        """
        own_face = [self._region(image_bgr, box)] if box else []
        masks = own_face if self.input_spec.context_faces == "masked" else []
        preprocessor = Preprocessor(
            replace(self.input_spec, context_crop=self.input_spec.context_resize)
        )
        image = torch.from_numpy(np.require(image_bgr, requirements=["C", "W"]))
        (resized,) = preprocessor.contexts(image, [masks])
        context = as_uint8(resized)
        if not self.input_spec.leaves_out_own_face:
            return context
        place = preprocessor.own_faces(image, own_face).any(dim=0).numpy()
        return np.dstack([context, place.astype(np.uint8) * np.uint8(255)])

    def _region(self, image_bgr: NDArray[np.uint8], box: Box) -> Region:
        height, width = image_bgr.shape[:2]
        region = box.scaled(self.input_spec.face_box_scale).clipped(width, height)
        if region.is_empty:
            raise SampleError(f"{box} holds no pixel of the image of {width}x{height}")
        return region
