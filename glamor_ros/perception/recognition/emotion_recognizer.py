"""From an image and the faces in it to what the network says of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import GlamorError
from ...network.batch_norm_folding import folded_for_inference
from ...network.glamor_net import GlamorOutput
from ...network.weights.checkpoint import Checkpoint
from ..device import require_device
from ..frame import Frame, Scene, require_bgr_image
from ..geometry import Box, Region
from ..people import AttentionMap, EmotionEstimate
from ..precision import require_precision
from .preprocessing import Preprocessor
from .sharpness import sharpness

CONTEXT_MODES = ("shared", "per_person")


class RecognizerError(GlamorError, ValueError):
    """The recognizer cannot be set up, or cannot take what it was given."""


class EmotionRecognizer:
    """GLAMOR-Net on all faces of any number of images at once; thread-safe, without memory.

    Args:
        checkpoint: The network with its weights and what it expects of its inputs.
        context_mode: "shared" masks all faces in one context, encoded once; "per_person" masks each
            person's own face, as in training, and encodes one context for each. For one face they
            are equal, and so they are where the checkpoint's context shows the faces ("visible",
            "others_visible") or there is no context.
        device: Where the network runs; see `require_device`.
        precision: What it computes in; see `require_precision`.

    Raises:
        RecognizerError: The context_mode is unknown.
        DeviceError: The device cannot be used.
        PrecisionError: The device does not compute in this precision.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        context_mode: str = "shared",
        device: str = "cpu",
        precision: str = "float32",
    ) -> None:
        if context_mode not in CONTEXT_MODES:
            raise RecognizerError(
                f"unknown context_mode '{context_mode}'; known are {', '.join(CONTEXT_MODES)}"
            )
        self._shares_context = context_mode == "shared"
        self._classifies_face = checkpoint.architecture.classifier_inputs != "context"
        self._device = require_device(device)
        self._preprocessor = Preprocessor(checkpoint.input_spec)
        self._leaves_out_own_face = (
            checkpoint.input_spec.leaves_out_own_face
            and checkpoint.network.context_encoder is not None
        )
        self._dtype = require_precision(precision, self._device)
        network = folded_for_inference(checkpoint.network).to(self._device, self._dtype)
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def recognize(self, scenes: Sequence[Scene]) -> list[list[EmotionEstimate]]:
        """What the network says of every face in every scene.

        The contexts of all scenes go through the network in one batch, and so do the faces.

        Returns:
            For each scene one estimate for each of its boxes, in order.

        Raises:
            ImageError: An image is not (H, W, 3) uint8.
            RecognizerError: A box lies outside its image.
        """
        for scene in scenes:
            require_bgr_image(scene.frame.bgr)
        regions = [[self._region(box, scene.frame) for box in scene.boxes] for scene in scenes]
        if not any(regions):
            return [[] for _ in scenes]
        with torch.inference_mode(), _full_float32(self._device):
            estimates = iter(self._estimates(*self._run(scenes, regions), scenes))
        return [list(itertools.islice(estimates, len(faces))) for faces in regions]

    def _region(self, box: Box, frame: Frame) -> Region:
        scaled = box.scaled(self._preprocessor.input_spec.face_box_scale)
        region = scaled.clipped(frame.width, frame.height)
        if region.is_empty:
            # A scale below 1 can leave nothing of a face at the edge.
            region = box.clipped(frame.width, frame.height)
        if region.is_empty:
            raise RecognizerError(
                f"{box} holds no pixel of the image of {frame.width}x{frame.height}"
            )
        return region

    def _masks(self, faces: list[Region]) -> list[list[Region]]:
        """What to hide in each context of a scene; without an entry there is no context."""
        if self._network.context_encoder is None or not faces:
            return []
        if self._preprocessor.input_spec.context_faces != "masked":
            return [[]]
        return [faces] if self._shares_context else [[face] for face in faces]

    def _run(
        self, scenes: Sequence[Scene], regions: list[list[Region]]
    ) -> tuple[GlamorOutput, Tensor]:
        """What the network says of all faces, and how sharp they are."""
        faces: list[Tensor] = []
        contexts: list[Tensor] = []
        own_faces: list[Tensor] = []
        owners: list[int] = []
        for scene, of_scene in zip(scenes, regions, strict=True):
            image = scene.frame.on(self._device)
            masks = self._masks(of_scene)
            if of_scene:
                faces.append(self._preprocessor.faces(image, of_scene))
            first = sum(len(of_others) for of_others in contexts)
            contexts.append(self._preprocessor.contexts(image, masks))
            if self._leaves_out_own_face:
                own_faces.append(self._preprocessor.own_faces(image, of_scene))
            is_shared = len(masks) == 1
            owners += [first if is_shared else first + i for i in range(len(of_scene))]
        index = torch.tensor(owners, dtype=torch.int64).to(self._device, non_blocking=True)
        all_faces = torch.cat(faces)
        output: GlamorOutput = self._network(
            _channels_first(all_faces.to(self._dtype)),
            _channels_first(torch.cat(contexts).to(self._dtype)),
            index if self._network.context_encoder is not None else None,
            torch.cat(own_faces) if own_faces else None,
        )
        return output, sharpness(all_faces)

    def _estimates(
        self, output: GlamorOutput, face_sharpness: Tensor, scenes: Sequence[Scene]
    ) -> Iterator[EmotionEstimate]:
        probabilities, fusion_weights, attention, sharpnesses = _on_host(output, face_sharpness)
        assert probabilities is not None
        assert sharpnesses is not None
        if fusion_weights is None:
            alone = [1.0, 0.0] if self._classifies_face else [0.0, 1.0]
            fusion_weights = np.array([alone] * len(probabilities), np.float32)
        maps = list(attention) if attention is not None else [None] * len(probabilities)
        covered = [
            self._preprocessor.context_region(scene.frame.width, scene.frame.height)
            for scene in scenes
            for _ in scene.boxes
        ]
        for person, (face_weight, context_weight), of_person, region, sharp in zip(
            probabilities,
            fusion_weights.tolist(),
            maps,
            covered,
            sharpnesses.tolist(),
            strict=True,
        ):
            attention_map = AttentionMap(of_person, region) if of_person is not None else None
            yield EmotionEstimate(person, face_weight, context_weight, attention_map, sharp)


def _full_float32(device: torch.device) -> AbstractContextManager[None]:
    """No rounding to TensorFloat-32 on a GPU, which costs three of seven digits."""
    if device.type != "cuda":
        return nullcontext()
    flags: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=False, allow_tf32=False
    )
    return flags


def _on_host(output: GlamorOutput, face_sharpness: Tensor) -> list[NDArray[np.float32] | None]:
    """Probabilities (P, 7), fusion weights (P, 2), attention (P, H, W) and sharpness (P,).

    All come in one transfer.
    """
    parts = [output.probabilities, output.fusion_weights, output.attention, face_sharpness]
    there = [part.float().view(len(part), -1) for part in parts if part is not None]
    columns = iter(torch.cat(there, dim=1).cpu().split([part.shape[1] for part in there], dim=1))
    return [
        next(columns).reshape(part.shape).numpy() if part is not None else None for part in parts
    ]


def _channels_first(images: Tensor) -> Tensor:
    """(N, H, W, 3) to (N, 3, H, W); the values stay where they are: that is channels_last."""
    return images.permute(0, 3, 1, 2)
