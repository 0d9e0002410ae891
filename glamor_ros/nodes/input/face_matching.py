"""Which faces belong to which image, where both come on topics of their own."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ...perception.detection.given_faces import GivenFace
from .waiting_images import WaitingImages

MAX_WAITING_BYTES = 64 * 1024 * 1024
# A face's region is sent before the list that names the face, but may arrive after it.
REGION_PATIENCE_S = 0.05
_KEPT_STAMPS = 100
# A single image may be lost on its way.
_MIN_MISMATCHES = 10

Image = TypeVar("Image")


@dataclass(frozen=True)
class FaceList:
    """The faces that are followed at one stamp, by their ids.

    Attributes:
        stamp_ns: Of the image in which they were found.
        face_ids: With those that were missed in this image.
    """

    stamp_ns: int
    face_ids: tuple[str, ...]


class FaceMatcher(Generic[Image]):
    """One camera's images, which wait for the list of faces and their regions.

    A list belongs to the image with the nearest stamp, if that is near enough; a region belongs to
    the list of the same stamp. An image is complete once the regions are there of all faces that
    had one in the list before; else after REGION_PATIENCE_S, or with the next list.

    Args:
        tolerance_s: How far the stamps of a list and its image may lie apart.
        on_image: Takes each image with its faces; images come in the order of their lists.
        on_dropped: Called with the number of images that no list came for.
        max_bytes: So much may wait.
        clock: Seconds that never run back.
    """

    def __init__(
        self,
        tolerance_s: float,
        on_image: Callable[[Image, Sequence[GivenFace]], object],
        on_dropped: Callable[[int], object],
        max_bytes: int = MAX_WAITING_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tolerance_ns = round(tolerance_s * 1e9)
        self._on_image = on_image
        self._on_dropped = on_dropped
        self._clock = clock
        self._images: WaitingImages[Image] = WaitingImages(max_bytes)
        self._regions: OrderedDict[int, dict[str, GivenFace]] = OrderedDict()
        self._region_stamps_ns: dict[str, int] = {}
        self._list: FaceList | None = None
        self._list_came_at_s = 0.0
        self._last_list_ns: int | None = None
        self._mismatches = 0
        self._offset_ns = 0

    @property
    def mismatch_s(self) -> float | None:
        """From the last list to the nearest image, in s, where many lists in a row found none."""
        return self._offset_ns * 1e-9 if self._mismatches >= _MIN_MISMATCHES else None

    def add_image(self, stamp_ns: int, image: Image, size_bytes: int) -> None:
        """Take an image in."""
        if dropped := self._images.add(stamp_ns, image, size_bytes):
            self._on_dropped(dropped)
        self.settle()

    def add_region(self, stamp_ns: int, face: GivenFace) -> None:
        """Take a face's region in."""
        self._regions.setdefault(stamp_ns, {})[face.face_id] = face
        self._region_stamps_ns[face.face_id] = stamp_ns
        while len(self._regions) > _KEPT_STAMPS:
            self._regions.popitem(last=False)
        self.settle()

    def add_list(self, faces: FaceList) -> None:
        """Take a list of faces in; one that still waits gets no more regions."""
        if self._list is not None:
            self._finish(self._list)
        self._list = faces
        self._list_came_at_s = self._clock()
        self._region_stamps_ns = {
            face_id: stamp
            for face_id, stamp in self._region_stamps_ns.items()
            if face_id in faces.face_ids or stamp >= faces.stamp_ns
        }
        self.settle()

    def settle(self) -> None:
        """Hand on the image of the list that waits if it need not wait longer."""
        if self._list is None or self._image_of(self._list) is None:
            return
        is_late = self._clock() - self._list_came_at_s >= REGION_PATIENCE_S
        if is_late or self._is_complete(self._list):
            self._finish(self._list)

    def _is_complete(self, faces: FaceList) -> bool:
        here = self._regions.get(faces.stamp_ns, {})
        return all(face_id in here for face_id in faces.face_ids if self._is_expected(face_id))

    def _is_expected(self, face_id: str) -> bool:
        newest_ns = self._region_stamps_ns.get(face_id)
        last_ns = self._last_list_ns
        return newest_ns is not None and (last_ns is None or newest_ns >= last_ns)

    def _image_of(self, faces: FaceList) -> int | None:
        nearest = self._images.nearest(faces.stamp_ns)
        if nearest is None or abs(nearest - faces.stamp_ns) > self._tolerance_ns:
            return None
        return nearest

    def _finish(self, faces: FaceList) -> None:
        self._list, self._last_list_ns = None, faces.stamp_ns
        here = self._regions.get(faces.stamp_ns, {})
        image_ns = self._image_of(faces)
        if image_ns is None:
            nearest = self._images.nearest(faces.stamp_ns)
            if nearest is not None:
                self._mismatches += 1
                self._offset_ns = nearest - faces.stamp_ns
            return
        self._mismatches = 0
        image, dropped = self._images.take(image_ns)
        if dropped:
            self._on_dropped(dropped)
        self._on_image(image, [here[face_id] for face_id in faces.face_ids if face_id in here])
