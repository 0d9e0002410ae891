"""Small image files, crop files and videos that the tests of datasets read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def noise(height: int = 60, width: int = 80, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def write_image(path: Path, image: np.ndarray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), noise() if image is None else image)
    return path


def write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def break_off(path: Path, fraction: float = 0.5) -> Path:
    """Leave the first part of the file alone."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * fraction)])
    return path


def write_video(
    path: Path, frames: int, *, frames_per_s: float = 10.0, seed: int = 0, size: int = 32
) -> Path:
    """Lossless; the brightness of frame number n is 2 n + seed % 2, so that a frame tells it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fourcc = cv2.VideoWriter.fourcc(*"FFV1")
    writer = cv2.VideoWriter(str(path), fourcc, frames_per_s, (size, size))
    assert writer.isOpened()
    for number in range(frames):
        image = np.full((size, size, 3), 2 * number, np.uint8)
        image[0, 0] = seed
        writer.write(image)
    writer.release()
    return path


def frame_number(image: np.ndarray) -> int:
    return round(float(image[4:].mean()) / 2)
