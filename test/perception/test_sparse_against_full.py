"""The sparse search beside the full one, frame by frame, on moving photographs of people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from skimage import data
from torch.utils.flop_counter import FlopCounterMode

from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.face_detector import PartialFaceDetector
from glamor_ros.perception.engine import PeopleObserver
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box, intersection_over_union
from glamor_ros.perception.people import EmotionEstimate, PeopleInView, Person
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.perception.tracking.detection_policy import DetectionPolicy, FullDetection
from glamor_ros.perception.tracking.follower import PeopleFollower
from glamor_ros.perception.tracking.sparse_detection import SparseDetection
from glamor_ros.perception.tracking.tracker import PersonIds

from .moving_scenes import RATE_HZ, Image, crossing, cuts, exchange, pan, zoom

SWEEP_PERIOD_S = 1.0


class NoRecognizer(EmotionRecognizer):
    """A recognizer that says nothing of anybody: only places are compared here."""

    def __init__(self) -> None:
        self._estimate = EmotionEstimate(np.full(7, 1 / 7, np.float32), 0.5, 0.5, None)

    def recognize(self, scenes: Sequence[Scene]) -> list[list[EmotionEstimate]]:
        return [[self._estimate for _ in scene.boxes] for scene in scenes]


@dataclass(frozen=True)
class Comparison:
    """What both searches saw of the same frames."""

    full: list[PeopleInView]
    sparse: list[PeopleInView]

    def overlaps(self) -> list[float]:
        """IoU of each face that the full search found with the nearest of the sparse search's.

        Faces that the sparse search does not know yet are left out.
        """
        best = [
            max((intersection_over_union(_box(face), _box(p)) for p in sparse.people), default=0.0)
            for full, sparse in zip(self.full, self.sparse, strict=True)
            for face in full.people
            if face.observed
        ]
        return [overlap for overlap in best if overlap > 0.2]

    def frames_to_find(self) -> list[int]:
        """For each person of the full search: frames until the sparse search knew the face."""
        first: dict[str, int] = {}
        known: dict[str, int] = {}
        for index, (full, sparse) in enumerate(zip(self.full, self.sparse, strict=True)):
            for face in full.people:
                first.setdefault(face.person_id, index)
                if any(intersection_over_union(_box(face), _box(p)) > 0.5 for p in sparse.people):
                    known.setdefault(face.person_id, index)
        end = len(self.full)
        return [known.get(person_id, end) - index for person_id, index in first.items()]


@pytest.fixture(scope="module")
def detector() -> PartialFaceDetector:
    found = build_face_detector("mmod")
    if not hasattr(found, "search"):
        pytest.skip("this detector cannot search a part of an image")
    return found  # type: ignore[return-value]


def compare(detector: PartialFaceDetector, frames: Sequence[Image]) -> Comparison:
    def follow(policy: DetectionPolicy) -> list[PeopleInView]:
        observer = PeopleObserver(detector, NoRecognizer())
        follower = PeopleFollower(PersonIds(), policy)
        views = [
            observer.observe([(follower, Frame(image, 1 + index / RATE_HZ))])[0]
            for index, image in enumerate(frames)
        ]
        return [view for view in views if view is not None]

    sparse = SparseDetection(detector.sweep, sweep_period_s=SWEEP_PERIOD_S)
    return Comparison(follow(FullDetection()), follow(sparse))


def ids(views: Sequence[PeopleInView]) -> set[str]:
    return {person.person_id for view in views for person in view.people}


@pytest.mark.slow
@pytest.mark.parametrize("scene", [pan, zoom, crossing], ids=lambda scene: scene.__name__)
def test_known_faces_are_where_the_full_search_finds_them(
    detector: PartialFaceDetector, scene: Callable[[int], list[Image]]
) -> None:
    comparison = compare(detector, scene(45))
    overlaps = comparison.overlaps()
    print(f"\n{scene.__name__}: {len(overlaps)} faces, IoU median {np.median(overlaps):.3f}, "
          f"5th percentile {np.percentile(overlaps, 5):.3f}, found after "
          f"{comparison.frames_to_find()} frames")  # fmt: skip
    assert len(overlaps) >= 30
    assert np.median(overlaps) >= 0.8
    assert np.percentile(overlaps, 5) >= 0.7
    assert len(ids(comparison.sparse)) <= len(ids(comparison.full))


@pytest.mark.slow
def test_a_newcomer_is_found_in_time_and_who_left_is_gone(detector: PartialFaceDetector) -> None:
    comparison = compare(detector, exchange(75))
    assert max(comparison.frames_to_find()) <= SWEEP_PERIOD_S * RATE_HZ
    leaving, coming = sorted(ids(comparison.sparse))
    last_full = [i for i, view in enumerate(comparison.full) if _by_id(view, "person_1")][-1]
    last_sparse = [i for i, view in enumerate(comparison.sparse) if _by_id(view, leaving)][-1]
    assert last_sparse - last_full <= 0.5 * RATE_HZ
    assert _by_id(comparison.sparse[-1], coming)
    assert not _by_id(comparison.sparse[-1], leaving)


@pytest.mark.slow
def test_no_id_survives_a_cut(detector: PartialFaceDetector) -> None:
    views = compare(detector, cuts(90)).sparse
    scenes = [ids(views[start : start + 30]) for start in (0, 30, 60)]
    assert all(scenes)
    assert len(set.union(*scenes)) == sum(map(len, scenes))


def test_nobody_in_view_costs_less_than_half_of_a_full_search(
    detector: PartialFaceDetector,
) -> None:
    """By the arithmetic of the networks, which does not depend on the machine."""
    picture = cv2.resize(data.coffee()[..., ::-1], (640, 480)).astype(np.uint8)
    frames = [Frame(picture, 1 + index / RATE_HZ) for index in range(2 * round(RATE_HZ))]

    def operations(policy: DetectionPolicy, of: Sequence[Frame]) -> list[int]:
        observer = PeopleObserver(detector, NoRecognizer())
        follower = PeopleFollower(PersonIds(), policy)
        counts = []
        for frame in of:
            with FlopCounterMode(display=False) as counter:
                (view,) = observer.observe([(follower, frame)])
            assert view is not None
            assert view.people == ()
            counts.append(counter.get_total_flops())
        return counts

    full = operations(FullDetection(), frames[:1])
    sparse = operations(SparseDetection(detector.sweep, sweep_period_s=SWEEP_PERIOD_S), frames)
    settled = sparse[len(frames) // 2 :]
    assert full[0] > 1e9
    assert 0 < np.mean(settled) < 0.5 * full[0]


def _box(person: Person) -> Box:
    face = person.face
    return Box(face.x, face.y, face.x + face.width, face.y + face.height)


def _by_id(view: PeopleInView, person_id: str) -> list[Person]:
    return [person for person in view.people if person.person_id == person_id]
