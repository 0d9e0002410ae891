"""Images, lists of faces and their regions, in the orders in which they may arrive."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from glamor_ros.nodes.input.face_matching import REGION_PATIENCE_S, FaceList, FaceMatcher
from glamor_ros.nodes.input.waiting_images import WaitingImages
from glamor_ros.perception.detection.given_faces import GivenFace

FRAME_NS = 33_333_333


class Bench:
    """A matcher with a clock that stands still, and what it gave."""

    def __init__(self, tolerance_s: float = 0.01, max_bytes: int = 1000) -> None:
        self.now_s = 0.0
        self.matched: list[tuple[str, list[str]]] = []
        self.dropped = 0
        self.matcher: FaceMatcher[str] = FaceMatcher(
            tolerance_s, self._take, self._drop, max_bytes, clock=lambda: self.now_s
        )

    def image(self, frame: int, offset_ns: int = 0, size_bytes: int = 1) -> None:
        self.matcher.add_image(frame * FRAME_NS + offset_ns, f"image {frame}", size_bytes)

    def faces(self, frame: int, *face_ids: str) -> None:
        self.matcher.add_list(FaceList(frame * FRAME_NS, face_ids))

    def region(self, frame: int, face_id: str) -> None:
        self.matcher.add_region(frame * FRAME_NS, GivenFace(face_id, 0.1, 0.1, 0.2, 0.2, 0.9))

    def _take(self, image: str, faces: Sequence[GivenFace]) -> None:
        self.matched.append((image, [face.face_id for face in faces]))

    def _drop(self, count: int) -> None:
        self.dropped += count


def test_an_image_waits_for_its_faces() -> None:
    bench = Bench()

    bench.image(1)
    bench.region(1, "a")
    assert bench.matched == []
    bench.faces(1, "a")

    assert bench.matched == [("image 1", ["a"])]


def test_nobody_is_a_result() -> None:
    bench = Bench()

    bench.image(1)
    bench.faces(1)

    assert bench.matched == [("image 1", [])]


def test_an_image_may_come_last() -> None:
    bench = Bench()

    bench.region(1, "a")
    bench.faces(1, "a")
    bench.image(1)

    assert bench.matched == [("image 1", ["a"])]


def test_a_known_face_is_waited_for_where_its_region_comes_after_the_list() -> None:
    bench = Bench()
    bench.image(1)
    bench.region(1, "a")
    bench.faces(1, "a")

    bench.image(2)
    bench.faces(2, "a")
    assert len(bench.matched) == 1
    bench.region(2, "a")

    assert bench.matched[1:] == [("image 2", ["a"])]


def test_regions_that_always_come_late_are_used_from_the_second_on() -> None:
    bench = Bench()
    for frame in (1, 2, 3):
        bench.image(frame)
        bench.faces(frame, "new")
        bench.region(frame, "new")

    assert bench.matched == [("image 1", []), ("image 2", ["new"]), ("image 3", ["new"])]


def test_patience_ends() -> None:
    bench = Bench()
    bench.image(1)
    bench.region(1, "a")
    bench.faces(1, "a")

    bench.image(2)
    bench.faces(2, "a")
    bench.matcher.settle()
    assert len(bench.matched) == 1
    bench.now_s += REGION_PATIENCE_S
    bench.matcher.settle()

    assert bench.matched[1:] == [("image 2", [])]


def test_a_missed_face_is_waited_for_once() -> None:
    bench = Bench()
    bench.image(1)
    bench.region(1, "a")
    bench.faces(1, "a")
    for frame in (2, 3, 4):
        bench.image(frame)
        bench.faces(frame, "a")

    # The third list ends the second's wait; from then on nobody waits for the missed face.
    assert bench.matched[1:] == [("image 2", []), ("image 3", []), ("image 4", [])]


def test_images_without_faces_are_dropped_for_the_one_with_them() -> None:
    bench = Bench()
    for frame in range(1, 5):
        bench.image(frame)
    bench.faces(3)

    assert (bench.matched, bench.dropped) == ([("image 3", [])], 2)
    bench.faces(4)
    assert (bench.matched[1:], bench.dropped) == ([("image 4", [])], 2)


def test_the_nearest_stamp_within_the_tolerance() -> None:
    bench = Bench(tolerance_s=0.01)

    bench.image(1, offset_ns=9_000_000)
    bench.image(2, offset_ns=-11_000_000)
    bench.faces(1)
    assert bench.matched == [("image 1", [])]
    bench.faces(2)
    bench.faces(3)

    assert len(bench.matched) == 1


def test_lists_that_find_no_image_are_told_of_once_there_are_many() -> None:
    bench = Bench()
    bench.image(100)
    for frame in range(1, 11):
        bench.faces(frame)
        assert bench.matcher.mismatch_s is None
    bench.faces(11)

    # The tenth list is given up when the eleventh comes.
    assert bench.matcher.mismatch_s == pytest.approx(90 * FRAME_NS * 1e-9)
    bench.faces(100)
    assert bench.matched == [("image 100", [])]
    assert bench.matcher.mismatch_s is None


def test_memory_is_bounded() -> None:
    bench = Bench(max_bytes=100)
    for frame in range(1, 11):
        bench.image(frame, size_bytes=30)

    assert bench.dropped == 7
    bench.faces(8)
    assert bench.matched == [("image 8", [])]


def test_one_image_waits_however_large_it_is() -> None:
    images: WaitingImages[str] = WaitingImages(10)

    assert images.add(1, "first", 100) == 0
    assert images.add(2, "second", 100) == 1
    assert images.nearest(0) == 2
    assert images.take(2) == ("second", 0)
    assert images.nearest(0) is None
