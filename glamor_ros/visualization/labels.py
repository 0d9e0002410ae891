"""Labels: text on a coloured ground that always lies inside the picture, sized to suit it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..perception.geometry import Region
from .palette import BgrColor, readable_on

_FONT = cv2.FONT_HERSHEY_SIMPLEX
# The font scale of text (capitals of about 11 px) on a picture whose shorter side is this long.
_REFERENCE_SIDE_PX = 480
_REFERENCE_FONT_SCALE = 0.5
# Below, text is not legible.
_MIN_FONT_SCALE = 0.35
# Has the highest and the lowest parts that letters have.
_TALL_TEXT = "Agjy|"


@dataclass(frozen=True)
class Style:
    """The sizes of what is drawn, in proportion to the picture.

    Attributes:
        line_width_px: The width of outlines.
        font_scale: The size of text, as OpenCV measures it.
        text_thickness: The width of the strokes of text, in pixels.
        padding_px: The distance of text from the edges of its label.
    """

    line_width_px: int
    font_scale: float
    text_thickness: int
    padding_px: int

    @classmethod
    def for_picture(cls, width: int, height: int) -> Style:
        """The style that suits a picture of this size in pixels."""
        ratio = min(width, height) / _REFERENCE_SIDE_PX
        return cls(
            line_width_px=max(round(2 * ratio), 2),
            font_scale=max(_REFERENCE_FONT_SCALE * ratio, _MIN_FONT_SCALE),
            text_thickness=max(round(ratio), 1),
            padding_px=max(round(4 * ratio), 1),
        )

    def with_smaller_text(self, factor: float) -> Style:
        """The same style with text multiplied by a factor below 1."""
        return replace(
            self,
            font_scale=self.font_scale * factor,
            text_thickness=1,
            padding_px=int(self.padding_px * factor),
        )


@dataclass(frozen=True)
class Label:
    """A label of several lines of text, one below the other.

    Attributes:
        lines: The text.
        style: Its sizes.
    """

    lines: tuple[str, ...]
    style: Style

    @property
    def width(self) -> int:
        """The width in pixels, with the padding."""
        return max(self._line_width(line) for line in self.lines) + 2 * self.style.padding_px

    @property
    def height(self) -> int:
        """The height in pixels, with the padding."""
        ascent, descent = self._line_extent()
        return len(self.lines) * (ascent + descent + self.style.padding_px) + self.style.padding_px

    def fits(self, width_px: int, height_px: int) -> bool:
        """Whether the whole label fits into the given number of pixels."""
        return self.width <= width_px and self.height <= height_px

    def draw(self, image: NDArray[np.uint8], region: Region, ground: BgrColor) -> None:
        """Fill the region of the image and write the text there, nowhere else."""
        patch = image[region.y : region.y + region.height, region.x : region.x + region.width]
        patch[:] = ground
        ascent, descent = self._line_extent()
        for index, line in enumerate(self.lines):
            baseline = ascent + self.style.padding_px
            baseline += index * (ascent + descent + self.style.padding_px)
            cv2.putText(
                patch,
                line,
                (self.style.padding_px, baseline),
                _FONT,
                self.style.font_scale,
                readable_on(ground),
                self.style.text_thickness,
                cv2.LINE_AA,
            )

    def _line_width(self, line: str) -> int:
        (width, _), _ = cv2.getTextSize(
            line, _FONT, self.style.font_scale, self.style.text_thickness
        )
        return int(width)

    def _line_extent(self) -> tuple[int, int]:
        (_, ascent), descent = cv2.getTextSize(
            _TALL_TEXT, _FONT, self.style.font_scale, self.style.text_thickness
        )
        return int(ascent), int(descent)


def fit_label(
    wordings: Sequence[tuple[str, ...]], style: Style, max_width_px: int, max_height_px: int
) -> Label:
    """The first wording that fits at the style's size; else the last, made small enough to fit.

    Args:
        wordings: The lines of text to choose from, in order of preference.
        style: The sizes of the text.
        max_width_px: The room for the label.
        max_height_px: The room for the label.
    """
    for lines in wordings:
        label = Label(lines, style)
        if label.fits(max_width_px, max_height_px):
            return label
    while not label.fits(max_width_px, max_height_px) and label.style.font_scale > 0.05:
        label = Label(label.lines, label.style.with_smaller_text(0.9))
    return label


def place_label(
    label: Label, face: Region, occupied: Sequence[Region], width: int, height: int
) -> Region:
    """The place of a face's label in a picture.

    It is above, below or in the face, wherever it covers least of what is occupied.

    Args:
        label: The label.
        face: The face that it belongs to.
        occupied: Regions to avoid.
        width: The width of the picture in pixels.
        height: The height of the picture in pixels.
    """
    label_width, label_height = min(label.width, width), min(label.height, height)
    x = min(max(face.x, 0), width - label_width)
    tops = (
        face.y - label_height,
        face.y + face.height,
        face.y,
        face.y + face.height - label_height,
    )
    places = [
        Region(x, min(max(top, 0), height - label_height), label_width, label_height)
        for top in tops
    ]
    return min(places, key=lambda place: sum(_shared_pixels(place, other) for other in occupied))


def _shared_pixels(a: Region, b: Region) -> int:
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    return max(width, 0) * max(height, 0)
