"""How sharp a face is, in the crop that the network gets."""

from __future__ import annotations

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
    blurs = [_kernel(sigma, grey.device) for sigma in (_FINE_SIGMA_PX, *_COARSE_SIGMAS_PX)]
    fine, coarse, coarser = (_blurred(halved, kernel) for kernel in blurs)
    gains = _noise_gains(*blurs)
    noise_power = noise_power / pixels_averaged
    detail = _power(halved - fine) - noise_power * gains[0]
    shape = _power(coarse - coarser) - noise_power * gains[1]
    ratio = detail.clamp(min=0) / shape.clamp(min=_MIN_COARSE_POWER)
    return ratio.sqrt()


def _noise_sigma(grey: Tensor) -> Tensor:
    """The standard deviation of white noise in images (N, 1, h, w): (N,)."""
    second = grey.new_tensor([1.0, -2.0, 1.0])
    mask = (second[:, None] * second[None, :])[None, None]
    response = functional.conv2d(grey, mask).abs().flatten(1)
    # 6 is the mask's norm; 0.6745 the median of a standard normal distribution's absolute values.
    return response.median(dim=1).values / (6 * 0.6745)


def _kernel(sigma_px: float, device: torch.device) -> Tensor:
    radius = round(3 * sigma_px)
    steps = torch.arange(-radius, radius + 1, dtype=torch.float32, device=device)
    weights = torch.exp(-steps.square() / (2 * sigma_px**2))
    return weights / weights.sum()


def _blurred(images: Tensor, kernel: Tensor) -> Tensor:
    radius = len(kernel) // 2
    padded = functional.pad(images, (radius,) * 4, mode="replicate")
    across = functional.conv2d(padded, kernel.view(1, 1, 1, -1))
    return functional.conv2d(across, kernel.view(1, 1, -1, 1))


def _noise_gains(fine: Tensor, coarse: Tensor, coarser: Tensor) -> tuple[Tensor, Tensor]:
    """By how much white noise's power is multiplied in the details and in the coarse shapes."""
    finest = functional.pad(torch.ones_like(fine[:1]), (len(fine) // 2,) * 2)
    return _difference_power(finest, fine), _difference_power(coarse, coarser)


def _difference_power(narrow: Tensor, wide: Tensor) -> Tensor:
    narrow = functional.pad(narrow, ((len(wide) - len(narrow)) // 2,) * 2)
    return (torch.outer(narrow, narrow) - torch.outer(wide, wide)).square().sum()


def _power(images: Tensor) -> Tensor:
    return images.flatten(1).square().mean(dim=1)
