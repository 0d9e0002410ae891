"""Faces without a scene, in surroundings that say nothing: how good the network is at faces.

A grey picture with the face in its middle, a third as wide. Where the network was trained with
hidden faces its place is black; where the context shows faces, the face is there; and where each
person's attention leaves out the own face, its place is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ...network.attention import ContextEncoding, cells_of_own_face
from ...network.batch_norm_folding import folded_for_inference
from ...network.weights.checkpoint import Checkpoint
from .disturbances import Disturbance

GREY = 0.5
FACE_SHARE = 1 / 3
BATCH_SIZE = 128


@dataclass(frozen=True)
class Surroundings:
    """The encoded surroundings of N faces.

    Attributes:
        context: One row for each face.
        left_out: The cells that each face's attention leaves out, (N, H*W); None for none.
    """

    context: ContextEncoding
    left_out: Tensor | None


class FacesWithoutScene:
    """A network on faces in neutral surroundings, on the processor.

    Args:
        checkpoint: The network and what it expects; it is left as it is.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._spec = checkpoint.input_spec
        self._network = folded_for_inference(checkpoint.network)

    @torch.inference_mode()
    def logits(
        self, images: Tensor, on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> Tensor:
        """The logits (N, 7) of faces, in a single pass.

        Args:
            images: Whole crops, (N, 1 or 3, h, w), uint8, grey or RGB.
            on_progress: Called with the numbers of faces done and of all.
        """
        found = self.disturbed_logits(images, {"": lambda faces: faces}, on_progress)
        return found[""]

    @torch.inference_mode()
    def disturbed_logits(
        self,
        images: Tensor,
        disturbances: Mapping[str, Disturbance],
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> dict[str, Tensor]:
        """The logits (N, 7) of disturbed faces, by disturbance; their surroundings stay the same.

        Args:
            images: Whole crops, (N, 1 or 3, h, w), uint8, grey or RGB.
            disturbances: What is done to the resized faces, each time to the undisturbed ones.
            on_progress: Called with the numbers of faces done and of all.
        """
        logits: dict[str, list[Tensor]] = {name: [] for name in disturbances}
        done = 0
        for batch in images.split(BATCH_SIZE):
            faces = _resized(batch, self._spec.face_size)
            surroundings = self._surroundings(faces)
            for name, disturb in disturbances.items():
                vectors = self._network.encode_faces(_channels_last(disturb(faces)))
                output = self._network.recognize(
                    vectors, surroundings.context, surroundings.left_out
                )
                logits[name].append(output.logits)
            done += len(batch)
            on_progress(done, len(images))
        return {name: torch.cat(parts) for name, parts in logits.items()}

    def _surroundings(self, faces: Tensor) -> Surroundings:
        is_masked = self._spec.context_faces == "masked"
        # Where faces are hidden, the surroundings of all are one picture.
        shown = None if is_masked else faces
        contexts, own_face = neutral_contexts(self._spec.context_crop, shown)
        encoded = self._network.encode_context(_channels_last(contexts))
        if is_masked:
            encoded = encoded.for_people(torch.zeros(len(faces), dtype=torch.int64))
        left_out = None
        if self._spec.leaves_out_own_face and self._network.attention is not None:
            own_faces = own_face.expand(len(faces), -1, -1)
            left_out = cells_of_own_face(own_faces, encoded.height, encoded.width)
        return Surroundings(encoded, left_out)


def neutral_contexts(size: tuple[int, int], faces: Tensor | None) -> tuple[Tensor, Tensor]:
    """Grey contexts with a face's place in the middle.

    Args:
        size: Height and width of the contexts.
        faces: What is seen there, (N, 3, h, w) in [0, 1]; None for a single context with a black
            place.

    Returns:
        The contexts, (N or 1, 3, *size); and where the face is, (*size), bool.
    """
    height, width = size
    side = round(min(size) * FACE_SHARE)
    top, left = (height - side) // 2, (width - side) // 2
    place = (..., slice(top, top + side), slice(left, left + side))
    own_face = torch.zeros(size, dtype=torch.bool)
    own_face[place] = True
    contexts = torch.full((1 if faces is None else len(faces), 3, height, width), GREY)
    contexts[place] = 0.0 if faces is None else _resized(faces, (side, side))
    return contexts, own_face


def _resized(images: Tensor, size: tuple[int, int]) -> Tensor:
    """RGB faces (N, 3, *size) in [0, 1], from uint8 or such faces; smaller ones are means."""
    values = images.float() / 255 if images.dtype == torch.uint8 else images
    smaller = images.shape[2] > size[0]
    resized = functional.interpolate(
        values, size, mode="bilinear", align_corners=False, antialias=smaller
    )
    return resized.expand(-1, 3, -1, -1)


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)
