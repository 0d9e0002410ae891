"""From an image and the faces in it to what the network says of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import GlamorError
from ...network.batch_norm_folding import folded_for_inference
from ...network.glamor_net import GlamorOutput
from ...network.weights.checkpoint import Checkpoint
from ..device import require_device
from ..geometry import Box, Region
from ..people import AttentionMap, EmotionEstimate
from .preprocessing import FloatImage, Preprocessor, require_bgr_image

CONTEXT_MODES = ("shared", "per_person")


class RecognizerError(GlamorError, ValueError):
    """The recognizer cannot be set up, or cannot take what it was given."""


class EmotionRecognizer:
    """Runs the network on all faces of an image at once. Stateless between images, thread-safe.

    context_mode "shared" masks all faces in one context, encoded once; "per_person" masks each
    person's own face, as in training, and encodes one context for each. For one face they are
    equal, and so they are where the checkpoint's context shows the faces or it has no context.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, context_mode: str = "shared", device: str = "cpu"
    ) -> None:
        if context_mode not in CONTEXT_MODES:
            raise RecognizerError(
                f"unknown context_mode '{context_mode}'; known are {', '.join(CONTEXT_MODES)}"
            )
        self._shares_context = context_mode == "shared"
        self._classifies_face = checkpoint.architecture.classifier_inputs != "context"
        self._device = require_device(device)
        self._preprocessor = Preprocessor(checkpoint.input_spec)
        network = folded_for_inference(checkpoint.network).to(self._device)
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def recognize(
        self, image_bgr: NDArray[np.uint8], boxes: Sequence[Box]
    ) -> list[EmotionEstimate]:
        """One estimate for each box, in order; the boxes are as the detector gives them.

        Raises ImageError for another image than (H, W, 3) uint8 and RecognizerError for a box that
        lies outside the image.
        """
        require_bgr_image(image_bgr)
        if not boxes:
            return []
        height, width = image_bgr.shape[:2]
        regions = [self._region(box, width, height) for box in boxes]
        faces = np.stack([self._preprocessor.face(image_bgr, region) for region in regions])
        contexts = self._preprocessor.contexts(image_bgr, self._masks(regions))
        covered = self._preprocessor.context_region(width, height)
        return self._estimates(self._run(faces, contexts), covered)

    def _region(self, box: Box, width: int, height: int) -> Region:
        region = box.scaled(self._preprocessor.input_spec.face_box_scale).clipped(width, height)
        if region.is_empty:
            raise RecognizerError(f"{box} holds no pixel of the image of {width}x{height}")
        return region

    def _masks(self, faces: list[Region]) -> list[list[Region]]:
        """What to hide in each context; without an entry there is no context."""
        if self._network.context_encoder is None:
            return []
        if self._preprocessor.input_spec.context_faces == "visible":
            return [[]]
        return [faces] if self._shares_context else [[face] for face in faces]

    def _run(self, faces: FloatImage, contexts: FloatImage) -> GlamorOutput:
        context_index = None
        if len(contexts) == 1:
            context_index = torch.zeros(len(faces), dtype=torch.int64, device=self._device)
        with torch.inference_mode():
            output: GlamorOutput = self._network(
                self._to_tensor(faces), self._to_tensor(contexts), context_index
            )
        return output

    def _to_tensor(self, images: FloatImage) -> torch.Tensor:
        """(N, H, W, 3) to (N, 3, H, W); the values stay where they are: that is channels_last."""
        return torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2)

    def _estimates(self, output: GlamorOutput, covered: Region) -> list[EmotionEstimate]:
        probabilities = output.probabilities.cpu().numpy()
        alone = [1.0, 0.0] if self._classifies_face else [0.0, 1.0]
        weights = [alone] * len(probabilities)
        if output.fusion_weights is not None:
            weights = output.fusion_weights.float().cpu().tolist()
        maps: list[AttentionMap | None] = [None] * len(probabilities)
        if output.attention is not None:
            attention = output.attention.float().cpu().numpy()
            maps = [AttentionMap(person, covered) for person in attention]
        return [
            EmotionEstimate(person, face_weight, context_weight, attention_map)
            for person, (face_weight, context_weight), attention_map in zip(
                probabilities, weights, maps, strict=True
            )
        ]
