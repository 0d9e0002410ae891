"""Random changes to batches of faces together with their contexts, made on the images' device."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from ...network.input_spec import InputSpec
from .emotion_dataset import NetworkInputs
from .face_augmentation import FaceAugmentation


@dataclass(frozen=True)
class JointAugmentation:
    """The released code's augmentation, drawn for each image, and more for the face.

    Attributes:
        flip: Whether half of the samples are mirrored, face and context alike.
        rotation_deg: The largest angle by which a face is turned in either direction, 0 to 180.
        face_shift_px: The largest shift of a face's crop, in pixels of the network's face.
        random_context_crop: Whether context_crop is cut from anywhere in context_resize, instead
            of from its centre.
        face: What is done to faces in place of rotation_deg and face_shift_px; None for these.
    """

    flip: bool = True
    rotation_deg: float = 20.0
    face_shift_px: int = 0
    random_context_crop: bool = True
    face: FaceAugmentation | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.rotation_deg <= 180:
            raise ValueError(f"rotation_deg is {self.rotation_deg}; it must be 0 to 180")
        if self.face_shift_px < 0:
            raise ValueError(f"face_shift_px is {self.face_shift_px}; it must be at least 0")

    def face_margin_px(self, input_spec: InputSpec) -> int:
        """The margin to prepare around a face, so that turning and shifting it leaves no gaps.

        Args:
            input_spec: The network's inputs.

        Returns:
            Pixels of the network's face, on each side.
        """
        side_px = max(input_spec.face_size)
        if self.face is not None:
            return math.ceil(max(self.face.reach - 1, 0) * side_px / 2)
        angle = math.radians(min(self.rotation_deg, 45.0))
        turned = side_px * (math.cos(angle) + math.sin(angle))
        return math.ceil((turned - side_px) / 2) + self.face_shift_px

    def at_strength(self, strength: float) -> JointAugmentation:
        """The same with smaller, or larger, changes of the face.

        Args:
            strength: Their factor.
        """
        return replace(
            self,
            rotation_deg=min(self.rotation_deg * strength, 180.0),
            face_shift_px=round(self.face_shift_px * strength),
            face=self.face and replace(self.face, strength=self.face.strength * strength),
        )

    def __call__(
        self,
        faces: Tensor,
        contexts: Tensor,
        input_spec: InputSpec,
        generator: torch.Generator,
        face_size: tuple[int, int] | None = None,
    ) -> NetworkInputs:
        """The network's inputs, made from prepared samples.

        Args:
            faces: (N, 3, h, w), uint8.
            contexts: (N, 3 to 5, 128, 171), uint8; see Batch.
            input_spec: What the network expects, for which the samples were prepared.
            generator: The source of everything that is drawn, on the device of the images.
            face_size: The height and width that faces are given; None: the network's.

        Returns:
            The inputs. Beyond the prepared images their edges repeat.

        Raises:
            DatasetError: The contexts were prepared for another kind of network.
        """
        count = len(faces)
        mirrored = torch.zeros(count, dtype=torch.bool, device=faces.device)
        if self.flip:
            mirrored = torch.rand(count, generator=generator, device=faces.device) < 0.5
        return NetworkInputs.of(
            self._faces(
                faces, input_spec.face_size, face_size or input_spec.face_size, mirrored, generator
            ),
            self._contexts(contexts, mirrored, input_spec.context_crop, generator),
            input_spec,
        )

    def _faces(
        self,
        faces: Tensor,
        face_size: tuple[int, int],
        size: tuple[int, int],
        mirrored: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        if self.face is not None:
            return self.face(faces, face_size, size, mirrored, generator)
        count, _, source_height, source_width = faces.shape
        height, width = face_size
        device = faces.device
        drawn = 2 * torch.rand(3, count, generator=generator, device=device) - 1
        angle = drawn[0] * math.radians(self.rotation_deg)
        shift = drawn[1:] * 2 * self.face_shift_px
        sign = torch.where(mirrored, -1.0, 1.0)
        cos, sin = torch.cos(angle), torch.sin(angle)
        # From the output's coordinates in [-1, 1] to the source's, turned in pixels, so that a
        # face that is not square is not sheared.
        rows = [
            torch.stack([sign * cos * width, -sin * height, shift[0]], dim=1) / source_width,
            torch.stack([sign * sin * width, cos * height, shift[1]], dim=1) / source_height,
        ]
        grid = functional.affine_grid(
            torch.stack(rows, dim=1), [count, 1, *size], align_corners=False
        )
        return functional.grid_sample(
            faces.float() / 255, grid, padding_mode="border", align_corners=False
        )

    def _contexts(
        self, contexts: Tensor, mirrored: Tensor, size: tuple[int, int], generator: torch.Generator
    ) -> Tensor:
        device = contexts.device
        starts = []
        for source, wanted in zip(contexts.shape[2:], size, strict=True):
            slack = source - wanted
            if self.random_context_crop:
                start = torch.randint(
                    slack + 1, (len(contexts), 1), generator=generator, device=device
                )
            else:
                start = torch.full((len(contexts), 1), slack // 2, device=device)
            starts.append(start + torch.arange(wanted, device=device))
        rows, columns = starts
        columns = torch.where(mirrored[:, None], columns.flip(1), columns)
        sample = torch.arange(len(contexts), device=device)[:, None, None]
        cut = contexts.permute(0, 2, 3, 1)[sample, rows[:, :, None], columns[:, None, :]]
        return cut.permute(0, 3, 1, 2).float() / 255
