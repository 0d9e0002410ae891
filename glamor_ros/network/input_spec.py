"""The images that a trained network expects; kept in its checkpoint's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..errors import GlamorError

CONTEXT_FACES = ("masked", "visible", "others_visible")
# Ten times the published network's: what is above is a damaged file, and must not take memory.
MAX_SIZE_PX = 1024

_SIZES = ("face_size", "context_resize", "context_crop")


class InputSpecError(GlamorError, ValueError):
    """A specification by which no image could be prepared."""


@dataclass(frozen=True)
class InputSpec:
    """The images that a network was trained on; the defaults are the released code's.

    Sizes are (height, width) in pixels, 1 to MAX_SIZE_PX.

    Attributes:
        face_size: The size to which the face's crop is resized.
        context_resize: The size to which the image with the faces set to zero is resized.
        context_crop: The size of what is cut from the centre of the resized image.
        face_box_scale: The factor by which the detector's box is scaled about its centre before it
            is used, 0.5 to 3.
        context_faces: "masked", the faces are set to zero in the context; "visible", they are not
            (both: paper, Table 4); or "others_visible", they are not, and each person's attention
            leaves out the cells that the own face covers, so that one context serves everybody in
            it exactly (see `attention.cells_of_own_face`).

    Raises:
        InputSpecError: A value is out of range.
    """

    face_size: tuple[int, int] = (96, 96)
    context_resize: tuple[int, int] = (128, 171)
    context_crop: tuple[int, int] = (112, 112)
    face_box_scale: float = 1.0
    context_faces: str = "masked"

    def __post_init__(self) -> None:
        for name in _SIZES:
            size = getattr(self, name)
            if min(size) < 1 or max(size) > MAX_SIZE_PX:
                raise InputSpecError(f"{name} is {size}; both must be 1 to {MAX_SIZE_PX}")
        if any(c > r for c, r in zip(self.context_crop, self.context_resize, strict=True)):
            raise InputSpecError(
                f"context_crop {self.context_crop} is larger than context_resize "
                f"{self.context_resize}"
            )
        if not 0.5 <= self.face_box_scale <= 3.0:
            raise InputSpecError(f"face_box_scale is {self.face_box_scale}; it must be 0.5 to 3.0")
        if self.context_faces not in CONTEXT_FACES:
            raise InputSpecError(
                f"unknown context_faces '{self.context_faces}'; known are "
                f"{', '.join(CONTEXT_FACES)}"
            )

    @classmethod
    def from_fields(cls, values: Mapping[str, Any]) -> InputSpec:
        """The specification with these fields, from a configuration or a checkpoint.

        Args:
            values: Sizes may be lists; fields that are missing have their defaults.

        Raises:
            InputSpecError: A field is unknown, or a value is of another kind or out of range.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(values.keys() - set(known))
        if unknown:
            raise InputSpecError(
                f"an input spec has no '{unknown[0]}'; its fields are {', '.join(known)}"
            )
        return cls(**{name: _converted(name, value) for name, value in values.items()})

    @property
    def leaves_out_own_face(self) -> bool:
        """Whether each person's attention leaves out the cells that the own face covers."""
        return self.context_faces == "others_visible"

    @property
    def context_crop_offset(self) -> tuple[int, int]:
        """The top and left edge of the crop in the resized context.

        An odd remainder goes below and to the right.
        """
        height, width = self.context_resize
        return (height - self.context_crop[0]) // 2, (width - self.context_crop[1]) // 2


def _converted(name: str, value: Any) -> Any:
    if name in _SIZES:
        if (
            isinstance(value, list | tuple)
            and len(value) == 2
            and all(type(one) is int for one in value)
        ):
            return tuple(value)
        raise InputSpecError(f"{name} is {value!r}, expected [height, width] in whole pixels")
    if name == "face_box_scale":
        if type(value) in (int, float):
            # Compared before it is converted: a whole number may be too large for a float.
            return float(value) if abs(value) < 10 else value
        raise InputSpecError(f"{name} is {value!r}, expected a number")
    if not isinstance(value, str):
        raise InputSpecError(f"{name} is {value!r}, expected text")
    return value
