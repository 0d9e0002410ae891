"""The face detector that nodes and tools use: dlib's MMOD detections from PyTorch."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...device import require_device
from ..face_detector import FaceDetection, check_image, check_upsample
from .network import MmodNetwork
from .parameters import MmodParameters
from .postprocessing import CellGeometry, face_candidates, suppress_overlapping, undo_upsampling
from .pyramid import TiledPyramid, Upsampler
from .tiling import PyramidLayout, pyramid_layout

MIN_SIDE_PX = 10
MAX_CACHED_SIZES = 4


class MmodFaceDetector:
    """Finds faces of 80 px and more; each upsampling halves that and takes four times as long.

    Detections equal those of dlib's `cnn_face_detection_model_v1`. Buffers and tables are kept for
    the last `MAX_CACHED_SIZES` image sizes. Several threads may share a detector: they take turns.
    """

    def __init__(
        self,
        parameters: MmodParameters,
        *,
        upsample: int = 0,
        device: str = "cpu",
        min_score: float = 0.0,
    ) -> None:
        check_upsample(upsample)
        self._parameters = parameters
        self._upsample = upsample
        self._device = require_device(device)
        self._min_score = min_score
        self._network = MmodNetwork(parameters, self._device)
        self._cells = CellGeometry(
            self._network.cell_stride_px, self._network.cell_offset_px, parameters.window_px
        )
        self._prepare = lru_cache(maxsize=MAX_CACHED_SIZES)(self._prepare_size)
        self._lock = threading.Lock()

    @property
    def cached_sizes(self) -> int:
        """For how many image sizes buffers and tables are held now."""
        return self._prepare.cache_info().currsize

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[FaceDetection]:
        """Faces in a BGR image (height, width, 3), uint8, the best score first.

        Raises FaceDetectorError for another shape or type, or a side below MIN_SIDE_PX.
        """
        check_image(image_bgr, MIN_SIDE_PX)
        height, width = image_bgr.shape[:2]
        with self._lock, torch.inference_mode():
            prepared = self._prepare(height, width)
            # Writable: PyTorch warns of read-only memory, such as that of a received message.
            pixels = np.require(image_bgr, requirements=["C", "W"])
            image = torch.from_numpy(pixels).to(self._device)
            scores = self._network(prepared.canvas(image)).cpu().numpy()
        candidates = face_candidates(scores, self._min_score, self._cells, prepared.layout)
        kept = suppress_overlapping(candidates, self._parameters.suppression)
        return [undo_upsampling(detection, self._upsample) for detection in kept]

    def _prepare_size(self, height: int, width: int) -> _PreparedSize:
        upsamplers = []
        for _ in range(self._upsample):
            upsamplers.append(Upsampler(height, width, self._device))
            height, width = upsamplers[-1].output_height, upsamplers[-1].output_width
        parameters = self._parameters
        layout = pyramid_layout(height, width, parameters.padding_px, parameters.outer_padding_px)
        red, green, blue = parameters.mean_rgb
        pyramid = TiledPyramid(layout, (blue, green, red), self._device)
        return _PreparedSize(tuple(upsamplers), pyramid, layout)


@dataclass(frozen=True)
class _PreparedSize:
    """Tables and buffers for images of one size."""

    upsamplers: tuple[Upsampler, ...]
    pyramid: TiledPyramid
    layout: PyramidLayout

    def canvas(self, image: Tensor) -> Tensor:
        for upsampler in self.upsamplers:
            image = upsampler(image)
        return self.pyramid.fill(image)
