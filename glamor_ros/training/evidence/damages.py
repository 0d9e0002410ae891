"""What distance, the image's edge and an unsteady lens do to a face."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np

from ...perception.geometry import Box
from .photographs import Photograph

Damage = Callable[[Photograph], "Photograph | None"]


def smaller(size_px: float) -> Damage:
    """Faces whose shorter side has size_px; None for those that are smaller already."""

    def apply(photograph: Photograph) -> Photograph | None:
        box, image = photograph.box, photograph.image_bgr
        scale = size_px / min(box.width, box.height)
        if scale > 1:
            return None
        width, height = (max(round(side * scale), 1) for side in image.shape[1::-1])
        resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        across, down = width / image.shape[1], height / image.shape[0]
        moved = Box(box.left * across, box.top * down, box.right * across, box.bottom * down)
        return replace(photograph, image_bgr=resized.astype(np.uint8), box=moved)

    return apply


def blurred(sigma: float) -> Damage:
    """Faces out of focus: a Gaussian of so many widths of the face."""

    def apply(photograph: Photograph) -> Photograph:
        sigma_px = sigma * photograph.box.width
        image = cv2.GaussianBlur(photograph.image_bgr, (0, 0), sigma_px)
        return replace(photograph, image_bgr=image.astype(np.uint8))

    return apply


def cut_off(visible_fraction: float, side: str) -> Damage:
    """Faces of which only so much lies in the image; the rest is beyond one "side" or "bottom"."""

    def apply(photograph: Photograph) -> Photograph:
        box, image = photograph.box, photograph.image_bgr
        if side == "bottom":
            kept = image[: max(round(box.top + visible_fraction * box.height), 1)]
        else:
            kept = image[:, : max(round(box.left + visible_fraction * box.width), 1)]
        return replace(photograph, image_bgr=np.ascontiguousarray(kept))

    return apply


def noisy(sigma: float) -> Damage:
    """White noise with so much of the brightest value as its standard deviation."""

    def apply(photograph: Photograph) -> Photograph:
        noise = np.random.default_rng(0).normal(0, 255 * sigma, photograph.image_bgr.shape)
        image = np.clip(photograph.image_bgr + noise, 0, 255).astype(np.uint8)
        return replace(photograph, image_bgr=image)

    return apply


DAMAGES: Mapping[str, Mapping[str, Damage]] = {
    "small": {f"{size} px": smaller(size) for size in (48, 32, 24, 16, 12, 8)},
    "blurred": {f"blur {sigma:.0%}": blurred(sigma) for sigma in (0.03, 0.06, 0.09, 0.13, 0.18)},
    "cut off": {
        f"{visible:.0%} at the {side}": cut_off(visible, side)
        for side in ("side", "bottom")
        for visible in (0.85, 0.7, 0.55)
    },
    "noisy": {f"noise {sigma:.0%}": noisy(sigma) for sigma in (0.05, 0.1)},
}
