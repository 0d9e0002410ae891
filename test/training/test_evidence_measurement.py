"""The damage that is done to faces, and the tables made of what a network says of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from glamor_ros.cli.training.measure_evidence import evidence_tables
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.perception.detection.face_detector import FaceDetection
from glamor_ros.perception.evidence import Evidence, EvidenceLimits
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box
from glamor_ros.perception.people import EmotionEstimate
from glamor_ros.training.data.face_splits import CHOICE, FaceSplits
from glamor_ros.training.data.facial_expressions import read_facial_expressions
from glamor_ros.training.evidence.damages import DAMAGES, blurred, cut_off, noisy, smaller
from glamor_ros.training.evidence.measurement import (
    AS_TAKEN,
    Reading,
    crossing,
    effects,
    levels,
    read_all,
)
from glamor_ros.training.evidence.photographs import (
    Photograph,
    ferplus_photographs,
    head_photographs,
)

from .made_faces import head, write_ferplus, write_heads

LIMITS = EvidenceLimits(20, 0.75, 0.25, 0.6, 0.4)


@pytest.fixture
def photograph() -> Photograph:
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    return Photograph(image, Box(40, 20, 100, 100), label=3, turn=0.1)


def test_smaller_faces_keep_their_place_and_are_never_enlarged(photograph: Photograph) -> None:
    small = smaller(30)(photograph)
    assert small is not None
    assert small.image_bgr.shape == (60, 80, 3)
    assert small.box == Box(20, 10, 50, 50)
    assert smaller(61)(photograph) is None


@pytest.mark.parametrize("side", ["side", "bottom"])
def test_so_much_of_a_face_stays_in_the_image(photograph: Photograph, side: str) -> None:
    cut = cut_off(0.7, side)(photograph)
    assert cut is not None
    height, width = cut.image_bgr.shape[:2]
    assert cut.box.visible_fraction(width, height) == pytest.approx(0.7)


def test_blur_and_noise_change_the_pixels_as_said(photograph: Photograph) -> None:
    soft = blurred(0.1)(photograph)
    assert soft is not None
    assert soft.image_bgr.std() < 0.1 * photograph.image_bgr.std()
    flat = Photograph(np.full((100, 100, 3), 128, np.uint8), photograph.box, 3)
    rough = noisy(0.1)(flat)
    assert rough is not None
    assert rough.image_bgr.std() == pytest.approx(25.5, rel=0.05)


def test_faces_of_ferplus_are_those_for_choosing_in_grey_surroundings(tmp_path: Path) -> None:
    images = write_ferplus(tmp_path / "ferplus_train.npz", 40)
    splits = FaceSplits(choice_faces=12)
    chosen = splits.of_faces(40)[CHOICE]

    found = ferplus_photographs(tmp_path / "ferplus_train.npz", 1.2, 9, splits)
    assert len(found) == 9
    places = [
        next(i for i in range(40) if (one.image_bgr[48:96, 48:96, 0] == images[i]).all())
        for one in found
    ]
    assert len(set(places)) == 9
    assert set(places) < set(chosen)
    for one in found:
        assert (one.image_bgr[:48] == 128).all()
        # Scaled by the network's 1.2, it is the whole crop.
        assert one.box.scaled(1.2).area == pytest.approx(48 * 48)
        assert one.label == EMOTIONS.index("Happy")


class Detector:
    """Finds two faces, the second one larger; none where the blue says that it is an even head."""

    def detect(self, frames: Sequence[Frame]) -> list[list[FaceDetection]]:
        small, large = Box(5, 5, 10, 10), Box(30, 20, 70, 60)
        return [
            [FaceDetection(small, 1.0), FaceDetection(large, 1.0)] if frame.bgr[0, 0, 0] % 2 else []
            for frame in frames
        ]


def test_heads_are_of_people_for_choosing_with_their_largest_face(tmp_path: Path) -> None:
    write_heads(tmp_path, 20)
    splits = FaceSplits(choice_identities=0.4)
    everything = read_facial_expressions(tmp_path)
    samples = everything.sample_set.samples
    labels = np.array([sample.label for sample in samples])
    places = splits.of_identified(labels, everything.identities)[CHOICE]
    chosen = [int(samples[place].image.stem.removeprefix("head_")) for place in places]

    found, missed = head_photographs(tmp_path, Detector(), 40, splits)
    assert len(chosen) >= 4
    # Both heads of a person are on one side.
    assert missed == len(found) == len(chosen) // 2
    numbers = [int(one.image_bgr[0, 0, 0]) for one in found]
    assert sorted(numbers) == sorted(i for i in chosen if i % 2)
    for number, one in zip(numbers, found, strict=True):
        np.testing.assert_array_equal(one.image_bgr, head(number))
        assert one.box == Box(30, 20, 70, 60)
        assert one.label == number % 7
    some, some_missed = head_photographs(tmp_path, Detector(), 3, splits)
    assert len(some) + some_missed == 3


class Alternating:
    """A recognizer that is right about every other face: class 3, sharp, or class 0, not sharp."""

    def __init__(self) -> None:
        self._count = 0

    def recognize(self, scenes: Sequence[Scene]) -> list[list[EmotionEstimate]]:
        return [[self._next()] for _ in scenes]

    def _next(self) -> EmotionEstimate:
        self._count += 1
        is_right = self._count % 2 == 1
        probabilities = np.full(7, 0.05, np.float32)
        probabilities[3 if is_right else 0] = 0.7
        return EmotionEstimate(probabilities, 0.5, 0.5, None, 0.7 if is_right else 0.1)


def test_every_level_is_read_of_every_face_that_has_it(photograph: Photograph) -> None:
    reports: list[tuple[int, int]] = []
    readings = read_all(
        Alternating(), [photograph, photograph], lambda done, total: reports.append((done, total))
    )
    steps = 1 + sum(len(of) for of in DAMAGES.values())
    assert len(readings) == 2 * steps
    assert reports[-1] == (steps, steps)
    assert {one.damage for one in readings} == {AS_TAKEN, *DAMAGES}
    assert [one.is_correct for one in readings] == [True, False] * steps
    smallest = [one.evidence.size_px for one in readings if one.level == "8 px"]
    assert smallest == pytest.approx([8, 8], abs=0.5)


def reading(sharpness: float, is_correct: bool, damage: str = AS_TAKEN) -> Reading:
    return Reading(damage, damage, Evidence(90, 1, sharpness, math.nan, 0.9), is_correct)


def test_limits_are_judged_alone_and_together() -> None:
    readings = [
        reading(0.7, True),
        reading(0.7, False),
        reading(0.7, True, "blurred"),
        reading(0.1, False, "blurred"),
        reading(0.1, False, "blurred"),
        reading(0.1, True, "blurred"),
    ]
    found = {(one.faces, one.limits): one for one in effects(readings, LIMITS)}
    assert found[AS_TAKEN, "all"].coverage == 1.0
    assert found[AS_TAKEN, "all"].accuracy == 0.5
    assert math.isnan(found[AS_TAKEN, "all"].accuracy_of_unknown)
    assert found["damaged", "none"].accuracy == 0.5
    for limits in ("blurred", "all"):
        assert found["damaged", limits].coverage == 0.25
        assert found["damaged", limits].accuracy == 1.0
        assert found["damaged", limits].accuracy_of_unknown == pytest.approx(1 / 3)
    assert found["damaged", "small"].coverage == 1.0


def test_where_the_accuracy_crosses_the_floor_is_interpolated() -> None:
    readings = [reading(0.8, i < 9, "blurred") for i in range(10)]
    worse = [
        Reading("blurred", "worse", Evidence(90, 1, 0.2, math.nan, 0.9), i < 3) for i in range(10)
    ]
    both = [one for one in levels([*readings, *worse], LIMITS) if one.kind == "blurred"]
    assert [(one.accuracy, one.unknown) for one in both] == [(0.9, 0.0), (0.3, 1.0)]
    # From 0.9 at 0.8 to 0.3 at 0.2: 0.6 lies in the middle.
    assert crossing(both, 0.6) == pytest.approx(0.5)
    assert math.isnan(crossing(both, 0.2))
    text = evidence_tables(both, effects(readings, LIMITS), 0.6)
    assert "* blurred: 0.50" in text
    assert "| blurred | worse | 0.20 | 10 | 0.30 | 100% |" in text
