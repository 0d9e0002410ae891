"""How the image of a camera moves from one frame to the next, and where another scene begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..geometry import IDENTITY, Box, Similarity

# Enough for shifts of a quarter of the image, at a fraction of a millisecond.
_SMALL_WIDTH_PX = 160
_MAX_POINTS = 80
_POINT_SPACING_PX = 6
_MEAN, _CONTRAST = 128.0, 48.0
_FLOW_WINDOW_PX = 13
_FLOW_LEVELS = 3
_RANSAC_THRESHOLD_PX = 0.7
_STILL_PX = 0.1
# Below these the points tell of no common movement.
_MIN_INLIERS = 8
_MIN_INLIER_SHARE = 0.4
_MAX_ZOOM = 1.3
# Two frames that show less in common than this, and no common movement, are of two scenes.
_MIN_SCENE_SIMILARITY = 0.9
_HISTOGRAM_BINS = 6
_HISTOGRAM_SAMPLES = 64


@dataclass(frozen=True)
class SceneStep:
    """What happened to the image between two frames.

    Attributes:
        movement: From pixels of the frame before to pixels of this one; the identity where no
            common movement was found.
        is_followed: Whether a common movement was found.
        is_cut: Whether this frame shows another scene.
    """

    movement: Similarity = IDENTITY
    is_followed: bool = True
    is_cut: bool = False


class CameraMotion:
    """The movement of one camera's image: sparse optical flow on a small grey image.

    Corners (Shi and Tomasi, Good Features to Track, CVPR 1994) beside the known faces are followed
    by pyramidal Lucas-Kanade flow; a similarity transform is fitted to them by RANSAC.
    """

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()
        self._small: NDArray[np.uint8] = np.empty((0, 0), np.uint8)
        self._histogram: NDArray[np.float32] = np.empty(0, np.float32)

    def reset(self) -> None:
        """Forget the frame before."""
        self._shape = ()

    def step(self, image_bgr: NDArray[np.uint8], faces: Sequence[Box]) -> SceneStep:
        """What happened since the frame before; nothing at the first frame.

        Args:
            image_bgr: (H, W, 3) uint8. One of another size than the frame before is a cut.
            faces: Where people were in the frame before, whose movement is not the camera's.
        """
        before, histogram_before = self._small, self._histogram
        is_first, is_resized = not self._shape, self._shape != image_bgr.shape
        self._shape = image_bgr.shape
        self._small, self._histogram = _small_grey(image_bgr), _colour_histogram(image_bgr)
        if is_first:
            return SceneStep()
        if is_resized:
            return SceneStep(is_followed=False, is_cut=True)
        scale = image_bgr.shape[1] / before.shape[1]
        movement = _common_movement(before, self._small, [_shrunk(box, scale) for box in faces])
        if movement is None:
            similarity = float(np.sqrt(histogram_before * self._histogram).sum())
            is_cut = similarity < _MIN_SCENE_SIMILARITY
            return SceneStep(is_followed=False, is_cut=is_cut)
        return SceneStep(_enlarged(movement, scale))


def _enlarged(movement: Similarity, scale: float) -> Similarity:
    """A movement of an image in pixels of one that is larger; pixel centres lie at halves."""
    offset = (scale - 1) / 2
    x, y = movement.point(-offset / scale, -offset / scale)
    return replace(movement, shift_x_px=x * scale + offset, shift_y_px=y * scale + offset)


def _small_grey(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The green channel of every n-th pixel, averaged down to about _SMALL_WIDTH_PX.

    Of one mean and contrast, so that light switched on and off does not stop the flow.
    """
    height, width = image_bgr.shape[:2]
    stride = max(width // (2 * _SMALL_WIDTH_PX), 1)
    sampled = np.ascontiguousarray(image_bgr[::stride, ::stride, 1])
    scale = min(_SMALL_WIDTH_PX / width, 1.0)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = cv2.resize(sampled, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    contrast = _CONTRAST / max(float(small.std()), 1.0)
    return np.clip((small - small.mean()) * contrast + _MEAN, 0, 255).astype(np.uint8)


def _colour_histogram(image_bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = image_bgr.shape[:2]
    rows, columns = (max(side // _HISTOGRAM_SAMPLES, 1) for side in (height, width))
    sampled = np.ascontiguousarray(image_bgr[::rows, ::columns])
    bins = [_HISTOGRAM_BINS] * 3
    histogram = cv2.calcHist([sampled], [0, 1, 2], None, bins, [0, 256] * 3).ravel()
    return (histogram / histogram.sum()).astype(np.float32)


def _shrunk(box: Box, scale: float) -> Box:
    return Box(box.left / scale, box.top / scale, box.right / scale, box.bottom / scale)


def _common_movement(
    before: NDArray[np.uint8], after: NDArray[np.uint8], faces: Sequence[Box]
) -> Similarity | None:
    """What most of the image does, in pixels of the images given."""
    mask = np.full(before.shape, 255, np.uint8)
    for face in faces:
        region = face.clipped(before.shape[1], before.shape[0])
        mask[region.y : region.y + region.height, region.x : region.x + region.width] = 0
    points = cv2.goodFeaturesToTrack(before, _MAX_POINTS, 0.01, _POINT_SPACING_PX, mask=mask)
    if points is None or len(points) < _MIN_INLIERS:
        return None
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, None, winSize=(_FLOW_WINDOW_PX,) * 2, maxLevel=_FLOW_LEVELS
    )
    is_found = found.ravel() == 1
    if is_found.sum() < _MIN_INLIERS:
        return None
    lengths_px = np.linalg.norm(moved - points, axis=-1)[is_found[:, None]]
    # Where most stands still the camera does, however much of the rest moves together.
    if (lengths_px < _STILL_PX).sum() >= max(_MIN_INLIERS, _MIN_INLIER_SHARE * len(points)):
        return IDENTITY
    matrix, inliers = cv2.estimateAffinePartial2D(
        points[is_found],
        moved[is_found],
        method=cv2.RANSAC,
        ransacReprojThreshold=_RANSAC_THRESHOLD_PX,
        maxIters=200,
    )
    if matrix is None or inliers.sum() < max(_MIN_INLIERS, _MIN_INLIER_SHARE * len(points)):
        return None
    (cos_part, _, shift_x), (sin_part, _, shift_y) = matrix.tolist()
    movement = Similarity(cos_part, sin_part, shift_x, shift_y)
    return movement if 1 / _MAX_ZOOM < movement.scale < _MAX_ZOOM else None
