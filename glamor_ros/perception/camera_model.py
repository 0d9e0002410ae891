"""A calibrated camera: where in space a pixel looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import GlamorError

# The models of sensor_msgs/distortion_models.hpp and the numbers of coefficients that OpenCV takes
# for them: D holds the first of them, and all others are zero.
POLYNOMIAL_MODELS = ("plumb_bob", "rational_polynomial")
FISHEYE_MODELS = ("equidistant", "fisheye")
_POLYNOMIAL_COUNTS = (4, 5, 8, 12, 14)
_FISHEYE_COUNT = 4

_MAX_REFINEMENTS = 50
_MAX_RESIDUAL_PX = 0.25


class CalibrationError(GlamorError, ValueError):
    """A calibration that says nothing, or nothing that can be used."""


@dataclass(frozen=True, eq=False)
class CameraModel:
    """The geometry of a camera's images: a pinhole behind a lens.

    The frame is the camera's optical frame: x to the right, y downwards, z forward (REP-103).

    Attributes:
        matrix: (3, 3) float64, K of the images as they are published, in pixels.
        distortion: (N,) float64, in OpenCV's order; all zero or empty: none.
        is_fisheye: Whether the distortion is OpenCV's fisheye model (equidistant).
        image_size: Width and height of the images in pixels; None: not told.
    """

    matrix: NDArray[np.float64]
    distortion: NDArray[np.float64]
    is_fisheye: bool = False
    image_size: tuple[int, int] | None = None

    def require_size(self, width: int, height: int) -> None:
        """Check that an image is one of this camera's.

        Raises:
            CalibrationError: It has another size than the calibration is for.
        """
        if self.image_size is not None and self.image_size != (width, height):
            raise CalibrationError(
                f"the calibration is for images of {self.image_size[0]}x{self.image_size[1]}, the "
                f"images have {width}x{height} pixels: calibrate at the resolution in use, or let "
                "the driver tell binning and roi"
            )

    def directions(self, points_px: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
        """Where points of the image lie as seen from the camera, distortion undone.

        Args:
            points_px: (x, y) of each point; the centre of the first pixel is (0, 0).

        Returns:
            (N, 3) float64, of length 1; NaN for a point that the lens model gives no direction for.
        """
        pixels = np.asarray(points_px, np.float64).reshape(-1, 1, 2)
        distorted = (pixels[:, 0] - self.matrix[:2, 2]) / np.diag(self.matrix)[:2]
        if not self.distortion.any() and not self.is_fisheye:
            plane = distorted
        else:
            plane = self._undistorted(pixels, distorted)
        rays = np.column_stack([plane, np.ones(len(plane))])
        return rays / np.linalg.norm(rays, axis=1, keepdims=True)

    def project(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points in space are seen in the image.

        Args:
            points_m: (N, 3), in the optical frame.

        Returns:
            (N, 2) in pixels.
        """
        still = np.zeros(3)
        points = np.asarray(points_m, np.float64).reshape(-1, 1, 3)
        arguments = (points, still, still, self.matrix, self.distortion)
        module = cv2.fisheye if self.is_fisheye else cv2
        return np.asarray(module.projectPoints(*arguments)[0], np.float64).reshape(-1, 2)

    def _undistorted(
        self, pixels: NDArray[np.float64], distorted: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The points on the plane at z = 1, found by repeated distortion from OpenCV's own guess.

        OpenCV stops after five steps, and gives points also where its steps go astray.
        """
        module = cv2.fisheye if self.is_fisheye else cv2
        guess = module.undistortPoints(pixels, self.matrix, self.distortion)
        plane = np.asarray(guess, np.float64).reshape(-1, 2)
        focal_px = np.diag(self.matrix)[:2]
        for _ in range(_MAX_REFINEMENTS):
            residual_px = self._distortion_residual_px(plane, pixels)
            if not (np.abs(residual_px) > 1e-3).any():
                break
            plane = plane + residual_px / focal_px
        residual_px = np.linalg.norm(self._distortion_residual_px(plane, pixels), axis=1)
        # Beyond the edge of what the lens model describes, it folds the image back.
        is_outside = _is_folded(plane, distorted) | ~(residual_px <= _MAX_RESIDUAL_PX)
        return np.where(is_outside[:, None], math.nan, plane)

    def _distortion_residual_px(
        self, plane: NDArray[np.float64], pixels: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        points = np.column_stack([plane, np.ones(len(plane))])
        return pixels[:, 0] - self.project(points)


def _is_folded(plane: NDArray[np.float64], distorted: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether points lie on the other side of the middle than their images do."""
    folded: NDArray[np.bool_] = (plane * distorted).sum(axis=1) < 0
    return folded


def camera_model(
    matrix: Sequence[float],
    coefficients: Sequence[float],
    model_name: str,
    *,
    size: tuple[int, int] = (0, 0),
    binning: tuple[int, int] = (1, 1),
    roi: tuple[int, int, int, int] = (0, 0, 0, 0),
    matrix_name: str = "K",
) -> CameraModel:
    """The geometry of the images that a calibrated sensor delivers.

    As in sensor_msgs/CameraInfo: the calibration is the full sensor's; its images may be a part of
    it (roi), with several pixels in one (binning).

    Args:
        matrix: K, 9 numbers row by row, in pixels of the full sensor.
        coefficients: D, in OpenCV's order.
        model_name: One of POLYNOMIAL_MODELS or FISHEYE_MODELS; any where no coefficients are given.
        size: Width and height of the full sensor; (0, 0): not told.
        binning: Columns and rows of the sensor in one pixel; 0 means 1.
        roi: x, y, width and height of the part, in pixels of the full sensor; width or height 0:
            everything.
        matrix_name: What the matrix is called in errors.

    Raises:
        CalibrationError: K is zero (an uncalibrated camera) or no camera's, the lens model is not
            known, or its coefficients cannot be used.
    """
    k = np.asarray(matrix, np.float64).reshape(3, 3)
    if not k.any():
        raise CalibrationError(
            f"{matrix_name} is all zero, which means that the camera is not calibrated: calibrate "
            "it (camera_calibration) and give the driver the file"
        )
    if not np.isfinite(k).all() or k[0, 0] <= 0 or k[1, 1] <= 0:
        raise CalibrationError(
            f"{matrix_name} is no camera's: fx is {k[0, 0]:g} and fy {k[1, 1]:g}; both must be "
            "above 0, and all numbers finite"
        )
    bin_x, bin_y = max(binning[0], 1), max(binning[1], 1)
    x, y, width, height = roi
    if width == 0 or height == 0:
        x, y, (width, height) = 0, 0, size
    published = np.array(
        [
            [k[0, 0] / bin_x, 0, (k[0, 2] - x) / bin_x],
            [0, k[1, 1] / bin_y, (k[1, 2] - y) / bin_y],
            [0, 0, 1],
        ]
    )
    lens, is_fisheye = _lens(np.asarray(coefficients, np.float64).ravel(), model_name)
    image_size = (width // bin_x, height // bin_y) if width and height else None
    return CameraModel(published, lens, is_fisheye, image_size)


def _lens(d: NDArray[np.float64], model_name: str) -> tuple[NDArray[np.float64], bool]:
    """The coefficients as OpenCV takes them, and whether they are a fisheye's."""
    if not np.isfinite(d).all():
        raise CalibrationError("D has coefficients that are not finite: calibrate the camera again")
    if model_name in FISHEYE_MODELS:
        if d.size == 0 or (d.size > _FISHEYE_COUNT and d[_FISHEYE_COUNT:].any()):
            raise CalibrationError(
                f"D has {d.size} coefficients; the distortion model {model_name} has "
                f"{_FISHEYE_COUNT}"
            )
        return _of_length(d, _FISHEYE_COUNT), True
    if not d.any():
        return np.zeros(5), False
    if model_name not in POLYNOMIAL_MODELS:
        known = ", ".join((*POLYNOMIAL_MODELS, *FISHEYE_MODELS))
        raise CalibrationError(
            f"the distortion model '{model_name}' is not known; known are {known}. Calibrate the "
            "camera with one of these, or use undistorted images"
        )
    count = next((count for count in _POLYNOMIAL_COUNTS if not d[count:].any()), None)
    if count is None:
        raise CalibrationError(
            f"D has {d.size} coefficients; the distortion model {model_name} has "
            f"{_POLYNOMIAL_COUNTS[-1]} at most"
        )
    return _of_length(d, count), False


def _of_length(coefficients: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """So many coefficients: zeros are added, or taken away."""
    result = np.zeros(count)
    result[: min(count, coefficients.size)] = coefficients[:count]
    return result
