"""The face detector that nodes and tools use: dlib's MMOD detections from PyTorch."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...device import require_device
from ...frame import Frame
from ...geometry import Region
from ...precision import require_precision
from ..face_detector import (
    FaceDetection,
    FaceDetectorError,
    Search,
    SearchArea,
    box_of_inclusive_edges,
    check_frame,
    check_upsample,
)
from .cells import CellBlock, PyramidCells
from .network import MmodNetwork
from .parameters import MmodParameters
from .postprocessing import (
    CellGeometry,
    Window,
    face_candidates,
    suppress_overlapping,
    undo_upsampling,
    windows,
)
from .pyramid import PyramidPieces, TiledPyramid

MIN_SIDE_PX = 10
MAX_CACHED_SIZES = 4
MAX_CANVAS_BYTES = 2 * 1024**3

# About 24 ms of two processor cores at 86 GFLOP/s. Smaller areas share more of what is around them
# with their neighbours: a sweep in half as large ones costs 1.3 times as much.
_SWEEP_AREA_MULTIPLICATIONS = 1_000_000_000


class MmodFaceDetector:
    """dlib's face network, which finds faces of 80 px and more.

    Each upsampling halves that and takes four times as long. With `min_face_size_px` 0 detections
    equal those of dlib's `cnn_face_detection_model_v1`. Buffers and tables are kept for the last
    `MAX_CACHED_SIZES` image sizes. Several threads may share a detector: they take turns.

    Args:
        parameters: The network's.
        upsample: How often an image is doubled first.
        device: PyTorch's name of the device.
        precision: What the network computes in; see `require_precision`.
        min_score: Detections must score more.
        min_face_size_px: Levels of the pyramid are left out whose boxes are all smaller. The others
            keep their pixels and cells; next to where a level was left out (within 95 px of the
            border of another level, in pixels of that level) scores, and so boxes, may differ.

    Attributes:
        min_face_size_px: May be changed at any time.

    Raises:
        FaceDetectorError: An option is out of range.
        DeviceError: The device cannot be used.
        PrecisionError: The device does not compute in this precision.
    """

    def __init__(
        self,
        parameters: MmodParameters,
        *,
        upsample: int = 0,
        device: str = "cpu",
        precision: str = "float32",
        min_score: float = 0.0,
        min_face_size_px: float = 0.0,
    ) -> None:
        check_upsample(upsample)
        self._device = require_device(device)
        dtype = require_precision(precision, self._device)
        self.min_face_size_px = min_face_size_px
        self._parameters = parameters
        self._upsample = upsample
        self._min_score = min_score
        self._network = MmodNetwork(parameters, self._device, dtype)
        self._cells = CellGeometry(
            self._network.cell_stride_px, self._network.cell_offset_px, parameters.window_px
        )
        red, green, blue = parameters.mean_rgb
        self._mean_bgr = blue, green, red
        self._mean = torch.tensor(self._mean_bgr, device=self._device)
        self._size = lru_cache(maxsize=MAX_CACHED_SIZES)(self._prepare_size)
        self._canvas = lru_cache(maxsize=MAX_CACHED_SIZES)(self._prepare_canvas)
        self._areas = lru_cache(maxsize=MAX_CACHED_SIZES)(self._plan_sweep)
        self._lock = threading.Lock()

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        """The faces in each frame, the best score first.

        Args:
            frames: Images of any sizes. On a GPU, those of one size go through the network
                together; a processor gains nothing from that.

        Returns:
            One list for each frame, exactly as if the frame had been given alone.

        Raises:
            FaceDetectorError: An image has another shape or type, a side below MIN_SIDE_PX, or
                would need a canvas of more than MAX_CANVAS_BYTES.
        """
        for frame in frames:
            check_frame(frame, MIN_SIDE_PX)
        with self._lock, torch.inference_mode():
            found: list[list[FaceDetection]] = [[] for _ in frames]
            for indices in self._batches(frames):
                batch = [frames[index] for index in indices]
                first_level = self._first_level(batch[0].width, batch[0].height)
                for index, candidates in zip(
                    indices, self._candidates_from(batch, first_level), strict=True
                ):
                    found[index] = self._detections(candidates)
            return found

    def search(self, searches: Sequence[Search]) -> list[list[FaceDetection]]:
        """The faces in the areas of each frame, the best score first.

        Scores are those of `detect`, but for rounding (float32's; in an upsampled image also what
        `PyramidPieces.piece` says), wherever the network sees one level only. Within 95 px of a
        level's border (in pixels of that level) `detect`'s canvas shows the network parts of other
        levels; here it sees what lies beyond a border as empty. There, scores were seen to differ
        by up to 0.013 and boxes to overlap by 0.82 at least (IoU; most are the same to the pixel).

        Args:
            searches: Areas of frames of any sizes. What a frame costs follows its areas: each level
                that fits an area's sizes, with 95 px around its centres.

        Returns:
            One list for each search. Faces beside the areas may be found, too.

        Raises:
            FaceDetectorError: An image has another shape or type, or a side below MIN_SIDE_PX.
        """
        for search in searches:
            check_frame(search.frame, MIN_SIDE_PX)
        with self._lock, torch.inference_mode():
            candidates: list[list[Window]] = [[] for _ in searches]
            blocks: list[tuple[int, CellBlock]] = []
            for index, search in enumerate(searches):
                frame = search.frame
                size = self._size(frame.width, frame.height)
                first = size.cells.first_level(self.min_face_size_px)
                wanted: dict[CellBlock, None] = {}
                for area in search.areas:
                    whole_from = size.cells.whole_from(area)
                    if whole_from is None:
                        wanted.update(dict.fromkeys(size.cells.blocks(area)))
                    else:
                        candidates[index] += self._candidates_near(frame, max(first, whole_from))
                blocks += [(index, block) for block in wanted if block.level >= first]
            for index, found in self._candidates_in(searches, blocks):
                candidates[index] += found
            return [
                self._detections(sorted(found, key=lambda window: -window.score))
                for found in candidates
            ]

    def sweep(self, width: int, height: int) -> tuple[SearchArea, ...]:
        """Areas that cover everything that `detect` would look at, of about equal cost.

        On two processor cores at 86 GFLOP/s the network takes at most 24 ms for an area; resizing,
        and upsampling above all, adds to that.

        Args:
            width: Of the image, in pixels.
            height: Of the image, in pixels.
        """
        with self._lock:
            return self._areas(width, height, self._first_level(width, height))

    def _plan_sweep(self, width: int, height: int, first_level: int) -> tuple[SearchArea, ...]:
        return self._size(width, height).cells.areas(_SWEEP_AREA_MULTIPLICATIONS, first_level)

    def _first_level(self, width: int, height: int) -> int:
        return self._size(width, height).cells.first_level(self.min_face_size_px)

    def _batches(self, frames: Sequence[Frame]) -> list[list[int]]:
        if self._device.type == "cpu":
            return [[index] for index in range(len(frames))]
        by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index, frame in enumerate(frames):
            by_size[frame.width, frame.height].append(index)
        return list(by_size.values())

    def _candidates_from(self, frames: Sequence[Frame], first_level: int) -> list[list[Window]]:
        """Windows of all levels from one on, for frames of one size, exactly as dlib finds them."""
        canvas = self._canvas_from(frames[0], first_level)
        if canvas is None:
            return [[] for _ in frames]
        pieces = self._size(frames[0].width, frames[0].height).pieces
        first_level = canvas.layout.first_level
        levels = (pieces.level(frame.on(self._device), first_level) for frame in frames)
        return self._candidates_on(canvas, levels, len(frames))

    def _candidates_near(self, frame: Frame, first_level: int) -> list[Window]:
        """The same for one frame, but for the rounding that `PyramidPieces.piece` leaves out."""
        canvas = self._canvas_from(frame, first_level)
        if canvas is None:
            return []
        pieces = self._size(frame.width, frame.height).pieces
        first_level = canvas.layout.first_level
        level = pieces.piece(frame.on(self._device), first_level, pieces.whole(first_level))
        return self._candidates_on(canvas, [level], 1)[0]

    def _canvas_from(self, frame: Frame, first_level: int) -> TiledPyramid | None:
        """The canvas of all levels from one on; None where there are none."""
        if first_level >= self._size(frame.width, frame.height).cells.levels:
            return None
        return self._canvas(frame.width, frame.height, first_level)

    def _candidates_on(
        self, canvas: TiledPyramid, first_levels: Iterable[Tensor], count: int
    ) -> list[list[Window]]:
        """Windows of a canvas, filled with one first level after the other."""
        layout = canvas.layout
        if count == 1:
            (first_level,) = first_levels
            filled = canvas.fill(first_level).unsqueeze(0)
        else:
            filled = torch.empty((count, layout.height, layout.width, 3), device=self._device)
            for target, first_level in zip(filled, first_levels, strict=True):
                target.copy_(canvas.fill(first_level))
        scores = self._network(filled).cpu().numpy()
        return [
            face_candidates(of_frame, self._min_score, self._cells, layout) for of_frame in scores
        ]

    def _candidates_in(
        self, searches: Sequence[Search], blocks: Sequence[tuple[int, CellBlock]]
    ) -> list[tuple[int, list[Window]]]:
        """Windows of blocks of cells; blocks of one shape go through the network together."""
        by_shape = defaultdict(list)
        for index, block in blocks:
            by_shape[block.shape].append((index, block))
        scores = []
        for (_, _, around), members in by_shape.items():
            pieces = [self._piece(searches[index].frame, block) for index, block in members]
            scores.append(self._network.block_scores(torch.stack(pieces), around))
        found = []
        for members, of_shape in zip(by_shape.values(), _on_host(scores), strict=True):
            for (index, block), of_block in zip(members, of_shape, strict=True):
                frame = searches[index].frame
                x, y = self._size(frame.width, frame.height).cells.first_center(block)
                cells = np.argwhere(of_block > self._min_score)
                centres = cells[:, ::-1] * self._cells.stride_px + (x, y)
                levels = np.full(len(cells), block.level)
                values = of_block[cells[:, 0], cells[:, 1]]
                found.append((index, windows(centres, levels, values, self._cells.window_px)))
        return found

    def _piece(self, frame: Frame, block: CellBlock) -> Tensor:
        """What the network sees around a block of cells, normalised; 0 beyond the level."""
        size = self._size(frame.width, frame.height)
        region = size.cells.piece(block)
        height, width = size.pieces.level_sizes[block.level]
        left, top = max(0, region.x), max(0, region.y)
        right = min(width, region.x + region.width)
        bottom = min(height, region.y + region.height)
        inside = Region(left, top, right - left, bottom - top)
        pixels = size.pieces.piece(frame.on(self._device), block.level, inside)
        piece = torch.zeros((region.height, region.width, 3), device=self._device)
        target = piece[top - region.y : bottom - region.y, left - region.x : right - region.x]
        torch.sub(pixels, self._mean, out=target)
        target.mul_(1 / 256)
        return piece

    def _detections(self, candidates: list[Window]) -> list[FaceDetection]:
        kept = suppress_overlapping(candidates, self._parameters.suppression)
        undone = [undo_upsampling(window, self._upsample) for window in kept]
        return [
            FaceDetection(box_of_inclusive_edges(w.left, w.top, w.right, w.bottom), w.score)
            for w in undone
        ]

    def _prepare_size(self, width: int, height: int) -> _PreparedSize:
        return _PreparedSize(
            PyramidCells(width, height, self._upsample, self._parameters, self._network),
            PyramidPieces(height, width, self._upsample, self._device),
        )

    def _prepare_canvas(self, width: int, height: int, first_level: int) -> TiledPyramid:
        layout = self._size(width, height).cells.layout_from(first_level)
        needed = 3 * 4 * layout.pixels
        if needed > MAX_CANVAS_BYTES:
            raise FaceDetectorError(
                f"an image of {width}x{height} px, doubled {self._upsample} times, needs a canvas "
                f"of {needed / 1024**3:.1f} GiB, more than {MAX_CANVAS_BYTES / 1024**3:.0f} GiB: "
                "use a smaller image, a lower upsample or a larger min_face_size_px"
            )
        return TiledPyramid(layout, self._mean_bgr, self._device)


def _on_host(tensors: Sequence[Tensor]) -> list[NDArray[np.float32]]:
    """The values of tensors, in one transfer: a GPU is waited for once."""
    if not tensors:
        return []
    values = torch.cat([tensor.flatten() for tensor in tensors]).cpu()
    parts = values.split([tensor.numel() for tensor in tensors])
    return [part.view(of.shape).numpy() for part, of in zip(parts, tensors, strict=True)]


@dataclass(frozen=True)
class _PreparedSize:
    """The cells of images of one size, and tables for pieces of their levels."""

    cells: PyramidCells
    pieces: PyramidPieces
