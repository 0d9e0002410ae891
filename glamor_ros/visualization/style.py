"""Sizes of what is drawn, in proportion to the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

# On a picture whose shorter side is so long, text has this font scale (capitals of about 11 px).
_REFERENCE_SIDE_PX = 480
_REFERENCE_FONT_SCALE = 0.5
# Below, text is not legible.
_MIN_FONT_SCALE = 0.35


@dataclass(frozen=True)
class Style:
    """line_width_px: of outlines. font_scale: OpenCV's. text_thickness, padding_px: of labels."""

    line_width_px: int
    font_scale: float
    text_thickness: int
    padding_px: int

    @classmethod
    def for_picture(cls, width: int, height: int) -> Style:
        """For pictures of this size in pixels."""
        ratio = min(width, height) / _REFERENCE_SIDE_PX
        return cls(
            line_width_px=max(round(2 * ratio), 2),
            font_scale=max(_REFERENCE_FONT_SCALE * ratio, _MIN_FONT_SCALE),
            text_thickness=max(round(ratio), 1),
            padding_px=max(round(4 * ratio), 1),
        )

    def with_smaller_text(self, factor: float) -> Style:
        """The same lines, text multiplied by factor < 1."""
        return replace(
            self,
            font_scale=self.font_scale * factor,
            text_thickness=1,
            padding_px=int(self.padding_px * factor),
        )
