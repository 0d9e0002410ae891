"""Random changes to batches of faces, drawn anew for each image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class FaceAugmentation:
    """A random augmentation of faces; each image of a batch is changed in its own way.

    Attributes:
        rotation_deg: The largest angle in either direction.
        zoom: The range of the visible part of the source; below 1 cuts into the face.
        shift: The largest shift, as a fraction of the source's side.
        shear: The largest shear, as a tangent.
        brightness: The largest change of the mean, in parts of white.
        contrast: The largest relative change of the distance from the mean.
        gamma: The largest natural logarithm of the exponent, in either direction.
        tint: The largest relative change of one colour channel.
        noise: The largest standard deviation of the noise.
        low_resolution_probability: The share of images that are made coarse.
        erasing_probability: The share of images of which a rectangle is erased.
        grey_probability: The share of images that lose their colour and get no tint.
    """

    rotation_deg: float = 20.0
    zoom: tuple[float, float] = (0.72, 1.25)
    shift: float = 0.08
    shear: float = 0.1
    brightness: float = 0.25
    contrast: float = 0.35
    gamma: float = 0.35
    tint: float = 0.2
    noise: float = 0.03
    low_resolution_probability: float = 0.25
    erasing_probability: float = 0.3
    grey_probability: float = 0.3

    def __call__(self, faces: Tensor, size: int, generator: torch.Generator) -> Tensor:
        """Changed copies of faces.

        Args:
            faces: (N, C, h, w) with C 1 or 3, in [0, 1].
            size: Height and width of the result in pixels.
            generator: The source of everything that is drawn.

        Returns:
            RGB faces (N, 3, size, size) in [0, 1].
        """
        changed = self._geometry(faces, size, generator)
        changed = self._low_resolution(changed, generator)
        changed = self._light(changed.expand(-1, 3, -1, -1), generator)
        return self._erase(changed, generator).clamp_(0, 1)

    def _uniform(self, count: int, bound: float, generator: torch.Generator) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * bound

    def _geometry(self, faces: Tensor, size: int, generator: torch.Generator) -> Tensor:
        count = len(faces)
        angle = self._uniform(count, math.radians(self.rotation_deg), generator)
        low, high = self.zoom
        zoom = low + (high - low) * torch.rand(count, generator=generator)
        stretch = 1 + self._uniform(count, 0.08, generator)
        shear = self._uniform(count, self.shear, generator)
        flip = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
        cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
        shift = self._uniform(2 * count, 2 * self.shift, generator).view(count, 2)
        row_x = torch.stack([flip * cos * stretch, cos * shear - sin, shift[:, 0]], dim=1)
        row_y = torch.stack([flip * sin * stretch, cos + sin * shear, shift[:, 1]], dim=1)
        grid = functional.affine_grid(
            torch.stack([row_x, row_y], dim=1), [count, 1, size, size], align_corners=False
        )
        return functional.grid_sample(
            faces, grid, mode="bilinear", padding_mode="border", align_corners=False
        )

    def _low_resolution(self, faces: Tensor, generator: torch.Generator) -> Tensor:
        chosen = torch.rand(len(faces), generator=generator) < self.low_resolution_probability
        if not chosen.any():
            return faces
        scale = 0.25 + 0.4 * torch.rand(1, generator=generator).item()
        small = functional.interpolate(faces[chosen], scale_factor=scale, mode="area")
        faces = faces.clone()
        faces[chosen] = functional.interpolate(
            small, size=faces.shape[2:], mode="bilinear", align_corners=False
        )
        return faces

    def _light(self, faces: Tensor, generator: torch.Generator) -> Tensor:
        count = len(faces)

        def each(bound: float, channels: int = 1) -> Tensor:
            return self._uniform(count * channels, bound, generator).view(count, channels, 1, 1)

        grey = (torch.rand(count, generator=generator) < self.grey_probability).view(-1, 1, 1, 1)
        tint = torch.where(grey, 0.0, each(self.tint, 3))
        faces = torch.where(grey, faces.mean(dim=1, keepdim=True), faces)
        faces = faces.clamp(1e-4, 1) ** torch.exp(each(self.gamma))
        mean = faces.mean(dim=(1, 2, 3), keepdim=True)
        faces = (faces - mean) * (1 + each(self.contrast)) + mean
        faces = faces * (1 + tint) + each(self.brightness)
        strength = torch.rand(count, 1, 1, 1, generator=generator) * self.noise
        return faces + torch.randn(faces.shape, generator=generator) * strength

    def _erase(self, faces: Tensor, generator: torch.Generator) -> Tensor:
        count, _, height, width = faces.shape
        erased = torch.rand(count, generator=generator) < self.erasing_probability
        half = 0.06 + 0.14 * torch.rand(count, 2, generator=generator)
        centre = torch.rand(count, 2, generator=generator)
        rows = (torch.arange(height) + 0.5) / height
        columns = (torch.arange(width) + 0.5) / width
        inside_y = (rows - centre[:, :1]).abs() < half[:, :1]
        inside_x = (columns - centre[:, 1:]).abs() < half[:, 1:]
        inside = inside_y[:, None, :, None] & inside_x[:, None, None, :]
        inside &= erased.view(-1, 1, 1, 1)
        return torch.where(inside, torch.rand(count, 3, 1, 1, generator=generator), faces)
