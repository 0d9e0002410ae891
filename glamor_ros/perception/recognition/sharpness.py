"""How sharp a face is, in the crop that the network gets."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

# Of the crop at half its size, where a face is 48 px wide: details of 8 to 24 cycles a face, and
# coarse shapes (1 to 4), which blur and low resolution leave alone.
_FINE_SIGMA_PX = 1.0
_COARSE_SIGMAS_PX = (2.0, 4.0)
_HALVED_SIZE_PX = 48
_LUMA = (0.299, 0.587, 0.114)
# Without any detail there is nothing to be sharp: a wall is not called sharp for its noise.
_MIN_COARSE_POWER = 1e-6


def sharpness(faces: Tensor) -> Tensor:
    """The amplitude of a face's details over that of its coarse shapes, less the image's noise.

    It does not depend on brightness, contrast, or the size of the crop in the source, and falls
    with blur and with a resolution that was lower than the crop's: about 0.7 for sharp faces (0.5
    to 1), 0.4, 0.28, 0.22 and 0.17 for those blurred by a Gaussian of 2, 3, 4 and 6 hundredths of
    the crop's side. White noise is estimated from the smallest details (Immerkær, Fast Noise
    Variance Estimation, 1996, with the median in place of the mean) and taken off.

    Args:
        faces: (N, h, w, 3), RGB in [0, 1].

    Returns:
        (N,) float32, 0 and more, on the faces' device; 0 for a crop without any contrast.
    """
    luma = faces.float() @ faces.new_tensor(_LUMA, dtype=torch.float32)
    grey = luma[:, None]
    noise_power = _noise_sigma(grey).square()
    halved = functional.interpolate(grey, (_HALVED_SIZE_PX, _HALVED_SIZE_PX), mode="area")
    pixels_averaged = grey[0, 0].numel() / halved[0, 0].numel() if len(grey) else 1.0
    filters = _filters(grey.device)
    fine, coarse, coarser = (_blurred(halved, matrix) for matrix in filters.blurs)
    noise_power = noise_power / pixels_averaged
    detail = _power(halved - fine) - noise_power * filters.noise_gains[0]
    shape = _power(coarse - coarser) - noise_power * filters.noise_gains[1]
    ratio = detail.clamp(min=0) / shape.clamp(min=_MIN_COARSE_POWER)
    return ratio.sqrt()


def _noise_sigma(grey: Tensor) -> Tensor:
    """The standard deviation of white noise in images (N, 1, h, w): (N,)."""
    response = _second_difference(_second_difference(grey, 2), 3).abs().flatten(1)
    # 6 is the mask's norm; 0.6745 the median of a standard normal distribution's absolute values.
    return response.median(dim=1).values / (6 * 0.6745)


def _second_difference(images: Tensor, dim: int) -> Tensor:
    """The mask (1, -2, 1) along a dimension, which gets two shorter."""
    inner = images.shape[dim] - 2
    before, middle, after = (images.narrow(dim, start, inner) for start in range(3))
    return before - 2 * middle + after


@dataclass(frozen=True)
class _Filters:
    """What the halved crop is filtered with.

    Attributes:
        blurs: The blurs of the fine and both coarse scales, as matrices; see `_blur_matrix`.
        noise_gains: See `_noise_gains`.
    """

    blurs: tuple[Tensor, Tensor, Tensor]
    noise_gains: tuple[float, float]


@functools.cache
def _filters(device: torch.device) -> _Filters:
    fine, *coarse = (_kernel(sigma) for sigma in (_FINE_SIGMA_PX, *_COARSE_SIGMAS_PX))
    first, second, third = (_blur_matrix(kernel).to(device) for kernel in (fine, *coarse))
    return _Filters((first, second, third), _noise_gains(fine, *coarse))


def _kernel(sigma_px: float) -> Tensor:
    radius = round(3 * sigma_px)
    steps = torch.arange(-radius, radius + 1, dtype=torch.float32)
    weights = torch.exp(-steps.square() / (2 * sigma_px**2))
    return weights / weights.sum()


def _blur_matrix(kernel: Tensor) -> Tensor:
    """A blur of rows or columns of _HALVED_SIZE_PX pixels, whose first and last repeat beyond."""
    radius = len(kernel) // 2
    pixels = torch.arange(_HALVED_SIZE_PX)
    sources = (pixels[:, None] + torch.arange(-radius, radius + 1)).clamp(0, _HALVED_SIZE_PX - 1)
    matrix = torch.zeros(_HALVED_SIZE_PX, _HALVED_SIZE_PX)
    return matrix.scatter_add_(1, sources, kernel.expand(_HALVED_SIZE_PX, -1))


def _blurred(images: Tensor, matrix: Tensor) -> Tensor:
    return matrix @ images @ matrix.T


def _noise_gains(fine: Tensor, coarse: Tensor, coarser: Tensor) -> tuple[float, float]:
    """By how much white noise's power is multiplied in the details and in the coarse shapes."""
    finest = functional.pad(torch.ones_like(fine[:1]), (len(fine) // 2,) * 2)
    return _difference_power(finest, fine), _difference_power(coarse, coarser)


def _difference_power(narrow: Tensor, wide: Tensor) -> float:
    narrow = functional.pad(narrow, ((len(wide) - len(narrow)) // 2,) * 2)
    return (torch.outer(narrow, narrow) - torch.outer(wide, wide)).square().sum().item()


def _power(images: Tensor) -> Tensor:
    return images.flatten(1).square().mean(dim=1)
