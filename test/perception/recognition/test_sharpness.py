"""The sharpness of faces against blur, resolution, noise, contrast and size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from glamor_ros.network.input_spec import InputSpec
from glamor_ros.perception.geometry import Region
from glamor_ros.perception.recognition.preprocessing import Preprocessor
from glamor_ros.perception.recognition.sharpness import sharpness

FACE = Region(165, 73, 98, 98)


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)


def measured(image: np.ndarray, region: Region = FACE) -> float:
    crops = Preprocessor(InputSpec()).faces(torch.from_numpy(image), [region])
    return float(sharpness(crops))


def noisy(image: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def test_it_falls_with_blur(photograph: np.ndarray) -> None:
    sigmas = (1, 2, 3, 4, 6)
    values = [measured(cv2.GaussianBlur(photograph, (0, 0), sigma)) for sigma in sigmas]
    assert measured(photograph) > 0.5
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.45
    assert 0.15 < values[-1] < 0.22


def test_a_low_resolution_is_a_blur(photograph: np.ndarray) -> None:
    small = cv2.resize(photograph, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    assert measured(small, Region(21, 9, 12, 12)) < 0.7 * measured(photograph)


@pytest.mark.parametrize("sigma", [3.0, 8.0])
def test_noise_does_not_sharpen(photograph: np.ndarray, sigma: float) -> None:
    blurred = cv2.GaussianBlur(photograph, (0, 0), 4)
    assert measured(noisy(blurred, sigma)) == pytest.approx(measured(blurred), abs=0.08)
    assert measured(noisy(photograph, sigma)) == pytest.approx(measured(photograph), rel=0.1)


def test_light_and_contrast_do_not_count(photograph: np.ndarray) -> None:
    dim = (photograph * 0.3).astype(np.uint8)
    flat = (photograph * 0.4 + 90).astype(np.uint8)
    assert measured(dim) == pytest.approx(measured(photograph), rel=0.05)
    assert measured(flat) == pytest.approx(measured(photograph), rel=0.05)


def test_the_size_of_the_face_in_the_image_hardly_counts(photograph: np.ndarray) -> None:
    large = cv2.resize(photograph, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    twice = Region(2 * FACE.x, 2 * FACE.y, 2 * FACE.width, 2 * FACE.height)
    assert measured(large, twice) == pytest.approx(measured(photograph), rel=0.1)


def test_a_plain_wall_is_not_sharp() -> None:
    wall = np.full((200, 300, 3), 120, np.uint8)
    assert measured(wall) < 0.001


def test_faces_of_a_batch_are_measured_one_by_one(photograph: np.ndarray) -> None:
    regions = [FACE, Region(0, 0, 60, 90), Region(300, 300, 200, 200)]
    crops = Preprocessor(InputSpec()).faces(torch.from_numpy(photograph), regions)
    together = sharpness(crops)
    alone = torch.cat([sharpness(crop[None]) for crop in crops])
    assert together.shape == (3,)
    assert torch.allclose(together, alone, rtol=1e-4)
    assert sharpness(crops[:0]).shape == (0,)
