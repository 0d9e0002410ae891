"""What every source of images can do."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

from ..errors import GlamorError

# uint8; the type hints of OpenCV say no more than this.
BgrImage: TypeAlias = NDArray[Any]


class ImageSourceError(GlamorError, ValueError):
    """A source cannot be opened or fails; the message names it and says what is wrong with it."""


class ImageSource(Protocol):
    """Gives one (height, width, 3) uint8 BGR image after the other."""

    @property
    def rate_hz(self) -> float:
        """The source's own pace, for those who ask for no other."""
        ...

    def read(self) -> BgrImage | None:
        """The next image; None after the last. Raises ImageSourceError where the source fails."""
        ...

    def close(self) -> None:
        """Let go of files and devices."""
        ...
