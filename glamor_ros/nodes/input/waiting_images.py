"""Images that wait for what is found in them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from builtin_interfaces.msg import Time

Image = TypeVar("Image")


def stamp_ns(stamp: Time) -> int:
    """A stamp in nanoseconds."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


class WaitingImages(Generic[Image]):
    """A camera's recent images by their stamps, of a limited size in all.

    Args:
        max_bytes: The oldest images are forgotten where all take more.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._images: OrderedDict[int, tuple[Image, int]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._images)

    def add(self, stamp_ns: int, image: Image, size_bytes: int) -> int:
        """Let an image wait.

        Args:
            stamp_ns: The image's.
            image: Anything.
            size_bytes: The memory that it takes.

        Returns:
            How many images were forgotten for it.
        """
        forgotten = int(stamp_ns in self._images)
        self._forget(stamp_ns)
        self._images[stamp_ns] = (image, size_bytes)
        self._bytes += size_bytes
        while self._bytes > self._max_bytes and len(self._images) > 1:
            self._forget(next(iter(self._images)))
            forgotten += 1
        return forgotten

    def nearest(self, stamp_ns: int) -> int | None:
        """The stamp that lies nearest to this one; None: no image waits."""
        return min(self._images, key=lambda stamp: abs(stamp - stamp_ns), default=None)

    def take(self, stamp_ns: int) -> tuple[Image, int]:
        """Take an image out, and forget those that arrived before it.

        Args:
            stamp_ns: The stamp of a waiting image.

        Returns:
            The image, and how many were forgotten.
        """
        image, _ = self._images[stamp_ns]
        forgotten = -1
        while stamp_ns in self._images:
            self._forget(next(iter(self._images)))
            forgotten += 1
        return image, forgotten

    def clear(self) -> None:
        """Forget all images."""
        self._images.clear()
        self._bytes = 0

    def _forget(self, stamp_ns: int) -> None:
        _, size_bytes = self._images.pop(stamp_ns, (None, 0))
        self._bytes -= size_bytes
