"""Moving scenes made of real photographs: pans, zooms, people who cross, come and go, cuts."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

Image = NDArray[np.uint8]

IMAGES = Path(__file__).parents[1] / "data" / "images"
SIZE = (640, 480)
RATE_HZ = 30.0


def pan(frames: int) -> list[Image]:
    """Past three people at 60 degrees a second, seen 60 degrees wide: 21 px a frame."""
    parts = [_photograph("astronaut"), _photograph("two_people"), _coffee()]
    wide = np.hstack([cv2.resize(p, (p.shape[1] * 480 // p.shape[0], 480)) for p in parts])
    return [_view(wide, 320 + index * SIZE[0] / RATE_HZ, 240, 1.0) for index in range(frames)]


def zoom(frames: int) -> list[Image]:
    """Towards two people and back."""
    photograph = _photograph("two_people")
    scales = 1.0 - 0.3 * np.sin(np.arange(frames) / RATE_HZ * 1.3)
    return [_view(photograph, 320, 187, scale) for scale in scales]


def crossing(frames: int) -> list[Image]:
    """Two people who pass each other at 180 px a second before a still background."""
    scene = cv2.resize(_coffee(), SIZE)
    left, right = _head("two_people", 75, 0, 200, 190), _head("two_people", 400, 0, 190, 220)
    return [
        _with_head(_with_head(scene, right, 520 - 6 * i, 230), left, 120 + 6 * i, 250)
        for i in range(frames)
    ]


def exchange(frames: int) -> list[Image]:
    """One person leaves to the right; another comes from the left after the first third."""
    scene = cv2.resize(_coffee(), SIZE)
    leaving, coming = _head("two_people", 75, 0, 200, 190), _head("portrait", 120, 0, 270, 290)
    return [
        _with_head(
            _with_head(scene, leaving, 440 + 8 * i, 240),
            coming,
            min(-140 + 12 * max(i - frames // 3, 0), 200),
            220,
        )
        for i in range(frames)
    ]


def cuts(frames: int) -> list[Image]:
    """Three scenes of one length, nearly still, the faces near the middle."""
    scenes = [
        ("astronaut", 256, 200, 0.75),
        ("two_people", 320, 187, 0.78),
        ("portrait", 240, 200, 0.8),
    ]
    return [
        _view(_photograph(name), x + index, y, scale)
        for name, x, y, scale in scenes
        for index in range(frames // len(scenes))
    ]


def _photograph(name: str) -> Image:
    image: Image | None = cv2.imread(str(IMAGES / f"{name}.png"))
    assert image is not None
    return image


def _coffee() -> Image:
    return np.ascontiguousarray(data.coffee()[..., ::-1])


def _view(photograph: Image, x: float, y: float, scale: float) -> Image:
    """SIZE pixels of a photograph about (x, y), each scale of its pixels wide."""
    (width, height) = SIZE
    to_photograph = np.array(
        [[scale, 0, x - scale * width / 2], [0, scale, y - scale * height / 2]]
    )
    return cv2.warpAffine(
        photograph,
        to_photograph,
        SIZE,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    ).astype(np.uint8)


def _head(name: str, left: int, top: int, width: int, height: int) -> NDArray[np.float32]:
    """A part of a photograph with an elliptic, soft mask: (height, width, 4), the mask last."""
    part = _photograph(name)[top : top + height, left : left + width].astype(np.float32)
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot((x - width / 2) / (width / 2), (y - height / 2) / (height / 2))
    mask = np.clip((1 - radius) / 0.15, 0, 1)
    return np.dstack([part, mask]).astype(np.float32)


def _with_head(scene: Image, head: NDArray[np.float32], x: float, y: float) -> Image:
    height, width = head.shape[:2]
    shift = np.array([[1, 0, x - width / 2], [0, 1, y - height / 2]], float)
    moved = cv2.warpAffine(head, shift, (scene.shape[1], scene.shape[0]))
    mask = moved[..., 3:]
    return (scene * (1 - mask) + moved[..., :3] * mask).round().astype(np.uint8)
