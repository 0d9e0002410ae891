"""What a trained network expects of its inputs; kept in its checkpoint's metadata."""

from __future__ import annotations

from dataclasses import dataclass


class InputSpecError(ValueError):
    """Sizes or scales that no image could be prepared with."""


@dataclass(frozen=True)
class InputSpec:
    """Sizes in pixels, (height, width); the defaults are the released code's.

    face_size: the face's crop is resized to this.
    context_resize: the image with the faces set to zero is resized to this,
    context_crop: and this is cut from its centre.
    face_box_scale: the detector's box is scaled about its centre by this before it is used.
    """

    face_size: tuple[int, int] = (96, 96)
    context_resize: tuple[int, int] = (128, 171)
    context_crop: tuple[int, int] = (112, 112)
    face_box_scale: float = 1.0

    def __post_init__(self) -> None:
        for name in ("face_size", "context_resize", "context_crop"):
            if min(getattr(self, name)) < 1:
                raise InputSpecError(f"{name} is {getattr(self, name)}; both must be at least 1")
        if any(c > r for c, r in zip(self.context_crop, self.context_resize, strict=True)):
            raise InputSpecError(
                f"context_crop {self.context_crop} is larger than context_resize "
                f"{self.context_resize}"
            )
        if not 0.5 <= self.face_box_scale <= 3.0:
            raise InputSpecError(f"face_box_scale is {self.face_box_scale}; it must be 0.5 to 3.0")

    @property
    def context_crop_offset(self) -> tuple[int, int]:
        """(top, left) of the crop in the resized context; an odd remainder goes below and right."""
        height, width = self.context_resize
        return (height - self.context_crop[0]) // 2, (width - self.context_crop[1]) // 2
