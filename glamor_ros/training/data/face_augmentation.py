"""Random changes to batches of faces, drawn anew for each image, made on the images' device."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_BOUNDS = (
    "strength",
    "rotation_deg",
    "zoom",
    "shift",
    "stretch",
    "shear",
    "brightness",
    "contrast",
    "gamma",
    "tint",
    "noise",
)
_PROBABILITIES = (
    "tint_probability",
    "skin_tone_probability",
    "low_resolution_probability",
    "erasing_probability",
)
# Red, green and blue of skin in parts of its brightness.
SKIN_TONE = (1.3, 0.95, 0.75)
# How coarse an image becomes, and how large a half side is erased, in parts of the side.
_LOW_RESOLUTION = (0.25, 0.65)
_ERASED = (0.06, 0.22)


@dataclass(frozen=True)
class FaceAugmentation:
    """A strong random augmentation of faces: what detectors, cameras and light do to them.

    Attributes:
        strength: Multiplies everything below, all probabilities but those of colours included.
        rotation_deg: The largest angle in either direction, 0 to 180.
        zoom: The largest natural logarithm of the visible part's relative size, in either
            direction: the face's box is drawn larger or smaller.
        shift: The largest shift in each direction, as a fraction of the face's side.
        stretch: The largest relative change of the width alone.
        shear: The largest shear, as a tangent.
        brightness: The largest change of the mean, in parts of white.
        contrast: The largest relative change of the distance from the mean.
        gamma: The largest natural logarithm of the exponent, in either direction.
        tint: The largest relative change of one colour channel.
        tint_probability: The share of images that are tinted.
        skin_tone_probability: The share of images that are given the tone of skin, as far as they
            are grey: what single faces without colour lack, and people in scenes have.
        noise: The largest standard deviation of the noise, in parts of white.
        low_resolution_probability: The share of images that are made coarse.
        erasing_probability: The share of images of which a rectangle is erased.

    Raises:
        ValueError: A value is out of range.
    """

    strength: float = 1.0
    rotation_deg: float = 15.0
    zoom: float = 0.2
    shift: float = 0.05
    stretch: float = 0.08
    shear: float = 0.1
    brightness: float = 0.2
    contrast: float = 0.3
    gamma: float = 0.3
    tint: float = 0.2
    tint_probability: float = 0.5
    skin_tone_probability: float = 0.0
    noise: float = 0.03
    low_resolution_probability: float = 0.2
    erasing_probability: float = 0.25

    def __post_init__(self) -> None:
        for name in _BOUNDS:
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 0")
        for name in _PROBABILITIES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 to 1")
        if self.rotation_deg > 180:
            raise ValueError(f"rotation_deg is {self.rotation_deg}; it must be 0 to 180")

    @property
    def reach(self) -> float:
        """How far from its centre a face is looked at, in halves of its side; mostly above 1."""
        angle = math.radians(min(self.strength * self.rotation_deg, 45.0))
        turned = (math.cos(angle) + math.sin(angle)) * math.exp(self.strength * self.zoom)
        return turned + 2 * self.strength * self.shift

    def __call__(
        self,
        faces: Tensor,
        face_size: tuple[int, int],
        size: tuple[int, int],
        mirrored: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """Changed copies of faces.

        Args:
            faces: Faces with a margin, (N, 1 or 3, h, w), uint8; beyond them their border repeats.
            face_size: Height and width of the face itself in their middle, in pixels.
            size: Height and width of the result, in pixels.
            mirrored: Which faces are mirrored, (N,), bool.
            generator: The source of everything else that is drawn, on the faces' device.

        Returns:
            RGB faces (N, 3, height, width), float32 in [0, 1].
        """
        draw = _Draw(len(faces), self.strength, generator)
        grid = self._grid(faces, face_size, size, mirrored, draw)
        coarse = draw.chance(self.strength * self.low_resolution_probability)
        low, high = _LOW_RESOLUTION
        coarseness = low + (high - low) * draw.number()
        light = self._light(draw)
        noise = draw.normal(*size) * (self.noise * draw.share()).view(-1, 1, 1, 1)
        tint = 1 + draw.each(self.tint, 3) * draw.chance(self.tint_probability)[:, None]
        erased = draw.chance(self.strength * self.erasing_probability)
        is_grey = _is_grey(faces)
        if self.skin_tone_probability:
            toned = draw.chance(self.skin_tone_probability) & is_grey
            tint = torch.where(toned[:, None], tint * tint.new_tensor(SKIN_TONE), tint)

        result = torch.empty(
            (len(faces), 3, *size), device=faces.device, memory_format=torch.channels_last
        )
        # Most faces are grey: a third of the work, until they are tinted.
        for chosen, channels in ((is_grey, 1), (~is_grey, 3)):
            group = _places(chosen)
            if group is not None:
                changed = functional.grid_sample(
                    faces[group, :channels].float().mul_(1 / 255),
                    grid[group],
                    padding_mode="border",
                    align_corners=False,
                )
                _coarsen(changed, coarse[group], coarseness)
                _relight(changed, *(one[group] for one in light))
                changed.add_(noise[group])
                result[group] = changed * tint[group][:, :, None, None]
        _erase(result, erased, draw)
        return result.clamp_(0, 1)

    def _grid(
        self,
        faces: Tensor,
        face_size: tuple[int, int],
        size: tuple[int, int],
        mirrored: Tensor,
        draw: _Draw,
    ) -> Tensor:
        (height, width), (source_height, source_width) = face_size, faces.shape[2:]
        angle = draw.each(math.radians(self.rotation_deg))[:, 0]
        scale = torch.exp(draw.each(self.zoom)[:, 0])
        stretch = 1 + draw.each(self.stretch)[:, 0]
        shear = draw.each(self.shear)[:, 0]
        shift_x, shift_y = draw.each(2 * self.shift, 2).unbind(1)
        cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
        along = torch.where(mirrored, -stretch, stretch)
        # From the result's coordinates in [-1, 1] to the source's, turned in pixels, so that a
        # face that is not square is not sheared.
        rows = [
            torch.stack([along * cos * width, (cos * shear - sin) * height, shift_x * width], dim=1)
            / source_width,
            torch.stack(
                [along * sin * width, (cos + sin * shear) * height, shift_y * height], dim=1
            )
            / source_height,
        ]
        return functional.affine_grid(
            torch.stack(rows, dim=1), [len(faces), 1, *size], align_corners=False
        )

    def _light(self, draw: _Draw) -> tuple[Tensor, Tensor, Tensor]:
        """The exponents, contrasts and brightnesses, (N, 1, 1, 1) each."""
        gamma = torch.exp(draw.each(self.gamma)).view(-1, 1, 1, 1)
        contrast = 1 + draw.each(self.contrast).view(-1, 1, 1, 1)
        return gamma, contrast, draw.each(self.brightness).view(-1, 1, 1, 1)


@dataclass(frozen=True)
class _Draw:
    """What is drawn for N images."""

    count: int
    strength: float
    generator: torch.Generator

    def share(self, width: int = 1) -> Tensor:
        """(N, width), uniform in [0, strength)."""
        return self.uniform(width) * self.strength

    def uniform(self, width: int = 1) -> Tensor:
        """(N, width), uniform in [0, 1)."""
        return torch.rand(self.count, width, generator=self.generator, device=self.generator.device)

    def each(self, bound: float, width: int = 1) -> Tensor:
        """(N, width), uniform within strength * bound of 0."""
        return (2 * self.uniform(width) - 1) * (self.strength * bound)

    def chance(self, probability: float) -> Tensor:
        """(N,), bool."""
        return self.uniform()[:, 0] < probability

    def number(self) -> float:
        """One for the whole batch, in [0, 1)."""
        return torch.rand(1, generator=self.generator, device=self.generator.device).item()

    def normal(self, height: int, width: int) -> Tensor:
        """(N, 1, height, width), of standard deviation 1."""
        shape = (self.count, 1, height, width)
        return torch.randn(shape, generator=self.generator, device=self.generator.device)


def _is_grey(faces: Tensor) -> Tensor:
    """Which faces have equal channels, (N,)."""
    if faces.shape[1] == 1:
        return torch.ones(len(faces), dtype=torch.bool, device=faces.device)
    return (faces[:, 1:] == faces[:, :1]).flatten(1).all(dim=1)


def _places(chosen: Tensor) -> Tensor | slice | None:
    """The places of the chosen, as a slice where they follow each other: it copies nothing."""
    places = chosen.nonzero()[:, 0]
    if not len(places):
        return None
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1) if last - first + 1 == len(places) else places


def _coarsen(faces: Tensor, chosen: Tensor, scale: float) -> None:
    if not chosen.any():
        return
    small = functional.interpolate(faces[chosen], scale_factor=scale, mode="area")
    faces[chosen] = functional.interpolate(
        small, size=faces.shape[2:], mode="bilinear", align_corners=False
    )


def _relight(faces: Tensor, gamma: Tensor, contrast: Tensor, brightness: Tensor) -> None:
    faces.clamp_(min=1e-3).pow_(gamma)
    mean = faces.mean(dim=(1, 2, 3), keepdim=True)
    faces.mul_(contrast).add_(mean * (1 - contrast) + brightness)


def _erase(faces: Tensor, chosen: Tensor, draw: _Draw) -> None:
    """Fill a rectangle of the chosen faces with one colour."""
    _, _, height, width = faces.shape
    low, high = _ERASED
    half, centre, colour = low + (high - low) * draw.uniform(2), draw.uniform(2), draw.uniform(3)
    if not chosen.any():
        return
    half, centre, colour = half[chosen], centre[chosen], colour[chosen]
    rows = (torch.arange(height, device=faces.device) + 0.5) / height
    columns = (torch.arange(width, device=faces.device) + 0.5) / width
    inside_y = (rows - centre[:, :1]).abs() < half[:, :1]
    inside_x = (columns - centre[:, 1:]).abs() < half[:, 1:]
    inside = inside_y[:, None, :, None] & inside_x[:, None, None, :]
    faces[chosen] = torch.where(inside, colour[:, :, None, None], faces[chosen])
