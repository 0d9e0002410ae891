"""Full detection against dlib's CNN, face by face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glamor_ros.media.demo_photographs import one_person, two_people
from glamor_ros.media.files import is_picture_file
from glamor_ros.media.moving_photograph import fitted
from glamor_ros.media.pictures import read_picture
from glamor_ros.perception.detection.face_detector import FaceDetection
from glamor_ros.perception.frame import Frame

from ..measurement import Measurement, Spread, Target
from ..options import Options
from ..subjects import dlib_cnn_detector, mmod_detector

ROW = "detections against dlib"
MAX_CONFIDENCE_DIFFERENCE = 1e-5
# dlib takes 7 µs a pixel, 28 of a pixel that is upsampled.
MAX_PIXELS, MAX_PIXELS_UPSAMPLED = 500_000, 130_000
_MIN_SHARED_IOU = 0.5


@dataclass(frozen=True)
class Difference:
    """How one detector's faces differ from a reference's in one image.

    Attributes:
        faces: How many the reference finds.
        missed: How many of these the detector does not find.
        extra: How many it finds besides.
        edge_px: The largest distance between two edges of one face.
        confidence: The largest difference between two scores of one face.
    """

    faces: int
    missed: int
    extra: int
    edge_px: float
    confidence: float


def measure(options: Options) -> Iterator[Measurement]:
    """All faces of several photographs, with and without upsampling."""
    for upsample, max_pixels in ((0, MAX_PIXELS), (1, MAX_PIXELS_UPSAMPLED)):
        theirs = dlib_cnn_detector(options, upsample)
        ours = mmod_detector(options, upsample)
        pictures = [reduced(picture, max_pixels) for picture in _pictures(options)]
        frames = [Frame(picture) for picture in pictures]
        found = [
            difference(expected, got)
            for expected, got in zip(theirs.detect(frames), ours.detect(frames), strict=True)
        ]
        yield from _measurements(f"{len(frames)} pictures, upsample {upsample}", found)


def difference(expected: Sequence[FaceDetection], found: Sequence[FaceDetection]) -> Difference:
    """The difference of two lists of faces; a face is the same where the boxes overlap by half."""
    left = list(found)
    missed = 0
    edge_px = confidence = 0.0
    for face in expected:
        twin = max(left, key=lambda other: _iou(face, other), default=None)
        if twin is None or _iou(face, twin) < _MIN_SHARED_IOU:
            missed += 1
            continue
        left.remove(twin)
        pairs = zip(_edges(face), _edges(twin), strict=True)
        edge_px = max(edge_px, *(abs(a - b) for a, b in pairs))
        confidence = max(confidence, abs(face.score - twin.score))
    return Difference(len(expected), missed, len(left), edge_px, confidence)


def reduced(picture: NDArray[np.uint8], max_pixels: int) -> NDArray[np.uint8]:
    """The picture, smaller where it has more pixels."""
    height, width = picture.shape[:2]
    scale = min(1.0, (max_pixels / (width * height)) ** 0.5)
    return fitted(picture, int(width * scale), int(height * scale))


def _pictures(options: Options) -> list[NDArray[np.uint8]]:
    pictures = [two_people(), fitted(two_people(), 640, 480), one_person()]
    if options.quick:
        return pictures[:1]
    if options.pictures.is_dir():
        paths = sorted(filter(is_picture_file, options.pictures.iterdir()))
        pictures += [read_picture(path) for path in paths]
    return pictures


def _measurements(case: str, differences: Sequence[Difference]) -> Iterator[Measurement]:
    faces = sum(d.faces for d in differences)
    quantities = (
        ("faces that dlib finds", "", faces, None),
        ("missed", "", sum(d.missed for d in differences), 0.0),
        ("extra", "", sum(d.extra for d in differences), 0.0),
        ("largest distance of edges", "px", max(d.edge_px for d in differences), 0.0),
        (
            "largest difference of confidence",
            "",
            max(d.confidence for d in differences),
            MAX_CONFIDENCE_DIFFERENCE,
        ),
    )
    for quantity, unit, value, bound in quantities:
        target = None if bound is None else Target(bound)
        yield Measurement(ROW, case, quantity, unit, Spread.of_one(value), target=target)


def _edges(face: FaceDetection) -> tuple[float, float, float, float]:
    box = face.box
    return box.left, box.top, box.right, box.bottom


def _iou(one: FaceDetection, other: FaceDetection) -> float:
    a, b = one.box, other.box
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (a.width * a.height + b.width * b.height - shared)
