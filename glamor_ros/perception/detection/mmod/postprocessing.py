"""From the network's scores to face rectangles: dlib's `loss_mmod` and its pyramid geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .parameters import NonMaximumSuppression
from .tiling import PyramidLayout

# pyramid_down<6>: one level up.
_UP_RATIO = 6 / (6 - 1.0)


@dataclass(frozen=True)
class Window:
    """A rectangle that the network has scored: whole pixels, the edges inclusive, as dlib's are."""

    left: int
    top: int
    right: int
    bottom: int
    score: float


@dataclass(frozen=True)
class CellGeometry:
    """Output cell (row, column) scores the window around canvas pixel cell · stride + offset."""

    stride_px: int
    offset_px: int
    window_px: tuple[int, int]


def face_candidates(
    scores: NDArray[np.float32],
    min_score: float,
    cells: CellGeometry,
    layout: PyramidLayout,
) -> list[Window]:
    """The windows that score above `min_score`, best first, in pixels of the pyramid's full image.

    `scores` is the network's output (rows, columns) for a canvas of this layout.
    """
    cell_rows, cell_columns = np.nonzero(scores > min_score)
    values = scores[cell_rows, cell_columns]
    centre_y = cell_rows * cells.stride_px + cells.offset_px
    centre_x = cell_columns * cells.stride_px + cells.offset_px

    indices = _nearest_tile(centre_y, centre_x, layout)
    tops = np.array([tile.top for tile in layout.tiles])
    lefts = np.array([tile.left for tile in layout.tiles])
    centres = np.stack([centre_x - lefts[indices], centre_y - tops[indices]], axis=1)
    return windows(centres, indices + layout.first_level, values, cells.window_px)


def windows(
    centres: NDArray[np.int64],
    levels: NDArray[np.int64],
    scores: NDArray[np.float32],
    window_px: tuple[int, int],
) -> list[Window]:
    """Windows of the pyramid's levels, in pixels of its full image, the best score first.

    Args:
        centres: (n, 2) x and y of their centres, in pixels of their level.
        levels: (n,) which level each is of.
        scores: (n,) what the network gave each.
        window_px: Width and height of a window on its level.
    """
    order = np.argsort(-scores, kind="stable")
    x, y = centres[order, 0], centres[order, 1]
    half_width, half_height = ((side - 1) / 2 for side in window_px)
    edges = np.stack([x - half_width, y - half_height, x + half_width, y + half_height], axis=1)
    rounded = round_half_away(_to_full_image(edges, levels[order]))
    return [
        Window(left, top, right, bottom, float(score))
        for (left, top, right, bottom), score in zip(rounded.tolist(), scores[order], strict=True)
    ]


def suppress_overlapping(candidates: list[Window], limits: NonMaximumSuppression) -> list[Window]:
    """Greedy non-maximum suppression of candidates given best first; keeps their order."""
    kept: list[Window] = []
    for candidate in candidates:
        if not any(_overlap_too_much(candidate, better, limits) for better in kept):
            kept.append(candidate)
    return kept


def undo_upsampling(detection: Window, times: int) -> Window:
    """From pixels of the upsampled image to those of the image given (`pyramid_down<2>`)."""
    x = np.array([detection.left, detection.right], dtype=np.float64)
    y = np.array([detection.top, detection.bottom], dtype=np.float64)
    for _ in range(times):
        x = x / 2 - 1.25
        y = y / 2 - 0.75
    left, right = round_half_away(x).tolist()
    top, bottom = round_half_away(y).tolist()
    return Window(left, top, right, bottom, detection.score)


def round_half_away(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """C's lround: halves away from zero."""
    return np.trunc(values + np.copysign(0.5, values)).astype(np.int64)


def _nearest_tile(
    y: NDArray[np.int64], x: NDArray[np.int64], layout: PyramidLayout
) -> NDArray[np.int64]:
    """Index of the tile that each point lies in, or else of the nearest; the first of equals."""
    squared_distances = [
        np.maximum(0, np.maximum(tile.top - y, y - (tile.bottom - 1))) ** 2
        + np.maximum(0, np.maximum(tile.left - x, x - (tile.right - 1))) ** 2
        for tile in layout.tiles
    ]
    return np.argmin(np.stack(squared_distances), axis=0)


def _to_full_image(edges: NDArray[np.float64], levels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Maps edges from their level to the full image, one `pyramid_down<6>::point_up` a level."""
    for level in range(int(levels.max(initial=0))):
        edges = np.where((levels > level)[:, None], edges * _UP_RATIO + 0.3, edges)
    return edges


def _overlap_too_much(a: Window, b: Window, limits: NonMaximumSuppression) -> bool:
    inner = _area(
        max(a.left, b.left), max(a.top, b.top), min(a.right, b.right), min(a.bottom, b.bottom)
    )
    if inner == 0:
        return False
    # Not the union: dlib takes the rectangle around both.
    outer = _area(
        min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom)
    )
    smaller = min(_area(*_edges(a)), _area(*_edges(b)))
    return inner / outer > limits.max_iou or inner / smaller > limits.max_covered


def _edges(detection: Window) -> tuple[int, int, int, int]:
    return detection.left, detection.top, detection.right, detection.bottom


def _area(left: int, top: int, right: int, bottom: int) -> int:
    return max(0, right - left + 1) * max(0, bottom - top + 1)
