"""The MMOD detector's search of areas and its sweep, against what it finds in whole images."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.face_detector import (
    FaceDetection,
    FaceDetectorError,
    Search,
    SearchArea,
)
from glamor_ros.perception.detection.mmod.detector import MmodFaceDetector
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.geometry import Box, Region, intersection_over_union

# Larger pictures tell nothing else and take longer.
MAX_LEVEL_0_PIXELS = 270_000


def mmod(upsample: int) -> MmodFaceDetector:
    detector = build_face_detector("mmod", upsample=upsample)
    assert isinstance(detector, MmodFaceDetector)
    return detector


@pytest.fixture(scope="module")
def detectors() -> dict[int, MmodFaceDetector]:
    return {upsample: mmod(upsample) for upsample in (0, 1)}


@pytest.fixture(scope="module")
def golden(
    golden_dir: Path, images_dir: Path, detectors: dict[int, MmodFaceDetector]
) -> list[tuple[Frame, int, list[FaceDetection]]]:
    """Small pictures, how often to upsample them, and what is found in the whole of each."""
    cases = []
    for entry in json.loads((golden_dir / "dlib_detections.json").read_text()):
        size, upsample = (entry["width"], entry["height"]), entry["upsample"]
        if size[0] * size[1] * 4**upsample > MAX_LEVEL_0_PIXELS:
            continue
        image = cv2.imread(str(images_dir / Path(entry["image"]).name))
        assert image is not None
        frame = Frame(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR))
        cases.append((frame, upsample, detectors[upsample].detect([frame])[0]))
    assert sum(len(faces) for _, _, faces in cases) >= 8
    return cases


def around(box: Box, frame: Frame, reach_px: int = 12) -> SearchArea:
    """The one size of a box, near its centre."""
    x, y = (int(value) for value in box.center)
    left, top = max(0, x - reach_px), max(0, y - reach_px)
    right, bottom = min(frame.width, x + reach_px), min(frame.height, y + reach_px)
    return SearchArea(Region(left, top, right - left, bottom - top), box.width, box.width)


def best_match(box: Box, found: list[FaceDetection]) -> FaceDetection:
    return max(found, key=lambda face: intersection_over_union(face.box, box))


def swept(detector: MmodFaceDetector, frame: Frame) -> Iterator[FaceDetection]:
    for area in detector.sweep(frame.width, frame.height):
        yield from detector.search([Search(frame, (area,))])[0]


def test_faces_away_from_borders_are_found_with_the_same_scores(
    detectors: dict[int, MmodFaceDetector],
) -> None:
    """The astronaut's face in the middle of a larger picture, at three sizes."""
    for scale, upsample in ((0.9, 0), (1.2, 0), (0.5, 1)):
        astronaut = cv2.resize(data.astronaut()[:, :, ::-1], None, fx=scale, fy=scale)
        frame = Frame(cv2.copyMakeBorder(astronaut, 110, 0, 0, 0, cv2.BORDER_REFLECT))
        (face,) = detectors[upsample].detect([frame])[0]
        areas = (around(face.box, frame),)
        (found,) = detectors[upsample].search([Search(frame, areas)])[0]
        assert found.box == face.box
        assert found.score == pytest.approx(face.score, abs=1e-5)


def test_faces_near_borders_are_found_almost_as_they_are(
    golden: list[tuple[Frame, int, list[FaceDetection]]], detectors: dict[int, MmodFaceDetector]
) -> None:
    overlaps = []
    for frame, upsample, faces in golden:
        for face in faces:
            areas = (around(face.box, frame),)
            found = best_match(face.box, detectors[upsample].search([Search(frame, areas)])[0])
            overlaps.append(intersection_over_union(found.box, face.box))
            assert found.score == pytest.approx(face.score, abs=0.03)
    assert min(overlaps) >= 0.8
    assert np.median(overlaps) == 1.0


def test_areas_of_several_frames_together_are_as_each_alone(
    golden: list[tuple[Frame, int, list[FaceDetection]]], detectors: dict[int, MmodFaceDetector]
) -> None:
    searches = [
        Search(frame, tuple(around(face.box, frame) for face in faces))
        for frame, upsample, faces in golden
        if upsample == 0
    ]
    assert len(searches) >= 3
    together = detectors[0].search([*searches, Search(searches[0].frame, ())])
    assert together.pop() == []
    for found, search in zip(together, searches, strict=True):
        (alone,) = detectors[0].search([search])
        assert [face.box for face in found] == [face.box for face in alone]
        np.testing.assert_allclose(
            [face.score for face in found], [face.score for face in alone], atol=1e-5
        )


def test_a_sweep_finds_what_the_whole_image_holds(
    golden: list[tuple[Frame, int, list[FaceDetection]]], detectors: dict[int, MmodFaceDetector]
) -> None:
    overlaps = []
    for frame, upsample, faces in golden:
        found = list(swept(detectors[upsample], frame))
        overlaps += [
            intersection_over_union(best_match(face.box, found).box, face.box) for face in faces
        ]
    assert min(overlaps) >= 0.7
    assert np.median(overlaps) == 1.0


@pytest.mark.parametrize(
    ("width", "height", "upsample"), [(640, 480, 0), (320, 240, 1), (1920, 1080, 0), (90, 700, 0)]
)
def test_sweep_covers_every_pixel_at_every_size(
    width: int, height: int, upsample: int, detectors: dict[int, MmodFaceDetector]
) -> None:
    areas = detectors[upsample].sweep(width, height)
    sides = [79 * 1.2**level / 2**upsample for level in range(4)]
    for side in sides:
        covered = np.zeros((height, width), dtype=int)
        for area in areas:
            if area.min_size_px <= side <= area.max_size_px:
                c = area.centers
                covered[c.y : c.y + c.height, c.x : c.x + c.width] += 1
        assert (covered == 1).all()


def test_min_face_size_bounds_search_and_sweep(
    golden: list[tuple[Frame, int, list[FaceDetection]]],
) -> None:
    detector = mmod(0)
    frame, _, faces = next(case for case in golden if case[1] == 0 and case[2])
    search = Search(frame, (around(faces[0].box, frame),))
    areas = len(detector.sweep(640, 480))
    detector.min_face_size_px = faces[0].box.width + 5
    assert detector.search([search]) == [[]]
    detector.min_face_size_px = 150
    assert 0 < len(detector.sweep(640, 480)) < areas


def test_extreme_areas(detectors: dict[int, MmodFaceDetector]) -> None:
    """Corners, single pixels, sizes beyond every level: an answer, without an error."""
    frame = Frame(np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8))
    for region in (Region(0, 0, 1, 1), Region(159, 119, 1, 1), Region(0, 0, 160, 120)):
        for low, high in ((1.0, 2.0), (79.0, 79.0), (80.0, 1e9), (1e6, 1e7)):
            search = Search(frame, (SearchArea(region, low, high),))
            assert detectors[0].search([search]) == [[]]
    tiny = Frame(np.zeros((10, 10, 3), np.uint8))
    area = SearchArea(Region(0, 0, 10, 10), 79, 79)
    assert detectors[1].search([Search(tiny, (area,))]) == [[]]
    with pytest.raises(FaceDetectorError, match="at least 10 px"):
        detectors[0].search([Search(Frame(np.zeros((9, 40, 3), np.uint8)), (area,))])
