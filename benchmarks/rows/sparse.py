"""Sparse detection against full on a moving camera."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from glamor_ros.perception.detection.face_detector import FaceDetector
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer

from ..engine_times import FrameTimes, TimedEngine
from ..measurement import Absence, Measurement, NotAvailableError, Spread, Target
from ..options import Options
from ..subjects import CAMERA_RATE_HZ, mmod_detector, moving_frames, policy, shipped_checkpoint
from .detectors import case_of

ROW = "sparse detection"
FULL, SPARSE = "full", "sparse"
# Width, height, upsample, and how many times sparse detection goes into full detection.
CASES = ((640, 480, 0, 3.0), (1920, 1080, 0, 12.0), (640, 480, 1, 12.0))
# A second of frames, so that each block holds every part of the sweep as often.
BLOCK = round(CAMERA_RATE_HZ)
# Full detection takes the same time on every frame, so that a few of them tell it.
FULL_EVERY = 6


def measure(options: Options) -> Iterator[Measurement | Absence]:
    """What it takes to know where two people are, averaged over the frames of each second."""
    recognizer = EmotionRecognizer(shipped_checkpoint(), device=options.device)
    for width, height, upsample, target in CASES:
        case = f"{case_of(width, height, upsample)}, 2 people"
        detector = mmod_detector(options, upsample)
        try:
            policy(SPARSE, detector)
        except NotAvailableError as error:
            yield Absence(ROW, case, str(error))
            continue
        frames = moving_frames(width, height, BLOCK * options.chosen(2, 4))
        yield from _measurements(case, detector, recognizer, frames, target)


def _measurements(
    case: str,
    detector: FaceDetector,
    recognizer: EmotionRecognizer,
    frames: Sequence[Frame],
    target: float,
) -> Iterator[Measurement]:
    full_engine, sparse_engine = (
        TimedEngine(detector, recognizer, lambda name=name: policy(name, detector))  # type: ignore[misc]
        for name in (FULL, SPARSE)
    )
    full: list[FrameTimes] = []
    sparse: list[FrameTimes] = []
    for index, frame in enumerate(frames):
        if index % FULL_EVERY == 0:
            full.append(full_engine.observe([frame]))
        sparse.append(sparse_engine.observe([frame]))
    # In the first second people are found and tables are built.
    full_ms = _block_means(full[BLOCK // FULL_EVERY :], BLOCK // FULL_EVERY)
    sparse_ms = _block_means(sparse[BLOCK:], BLOCK)
    followed = [times.people for times in sparse[BLOCK:]]
    yield Measurement(ROW, case, FULL, "ms", Spread.of(full_ms))
    yield Measurement(ROW, case, SPARSE, "ms", Spread.of(sparse_ms))
    one_frame = Spread.of([times.finding_ms for times in sparse[BLOCK:]])
    yield Measurement(ROW, case, "sparse, single frames", "ms", one_frame)
    ratios = [slow / fast for slow, fast in zip(full_ms, sparse_ms, strict=True)]
    yield Measurement(
        ROW,
        case,
        "full / sparse",
        "×",
        Spread.of(ratios),
        higher_is_better=True,
        target=Target(target),
    )
    yield Measurement(
        ROW,
        case,
        "people followed",
        "",
        Spread.of_one(statistics.mean(followed)),
        higher_is_better=True,
        target=Target(2.0),
    )


def _block_means(times: Sequence[FrameTimes], block: int) -> list[float]:
    finding_ms = [of_frame.finding_ms for of_frame in times]
    starts = range(0, len(finding_ms) - block + 1, block)
    return [statistics.mean(finding_ms[start : start + block]) for start in starts]
