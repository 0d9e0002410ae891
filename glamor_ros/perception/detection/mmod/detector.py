"""The face detector that nodes and tools use: dlib's MMOD detections from PyTorch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from ...device import require_device
from ...frame import Frame
from ..face_detector import FaceDetection, box_of_inclusive_edges, check_frame, check_upsample
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

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        """The faces in each frame, the best score first.

        Raises:
            FaceDetectorError: Another shape or type, or a side below MIN_SIDE_PX.
        """
        for frame in frames:
            check_frame(frame, MIN_SIDE_PX)
        return [self._detect(frame) for frame in frames]

    def _detect(self, frame: Frame) -> list[FaceDetection]:
        with self._lock, torch.inference_mode():
            prepared = self._prepare(frame.height, frame.width)
            scores = self._network(prepared.canvas(frame.on(self._device))).cpu().numpy()
        candidates = face_candidates(scores, self._min_score, self._cells, prepared.layout)
        kept = suppress_overlapping(candidates, self._parameters.suppression)
        windows = [undo_upsampling(window, self._upsample) for window in kept]
        return [
            FaceDetection(box_of_inclusive_edges(w.left, w.top, w.right, w.bottom), w.score)
            for w in windows
        ]

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
