"""A frame's time by stage, and several cameras together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer

from ..engine_times import FrameTimes, TimedEngine
from ..measurement import Absence, Measurement, NotAvailableError, Spread
from ..options import Options
from ..subjects import CAMERA_RATE_HZ, mmod_detector, moving_frames, policy, shipped_checkpoint
from .detectors import case_of

STAGES_ROW, CAMERAS_ROW = "time by stage", "cameras together"
STAGES = ("detection", "following", "recognition")
CAMERAS = (1, 2, 4)
BATCH = "one frame of each"
SIZES = ((640, 480, 0), (1280, 720, 0), (1920, 1080, 0), (640, 480, 1))
_WARM_UP_FRAMES = round(CAMERA_RATE_HZ)


def measure(options: Options) -> Iterator[Measurement | Absence]:
    """Two people before a moving camera, everything in one process, without ROS."""
    for detection in ("sparse", "full"):
        for width, height, upsample in SIZES[:1] if options.quick else SIZES:
            case = f"{case_of(width, height, upsample)}, {detection}"
            # Full detection takes the same time on every frame.
            counted = options.chosen(15, 60) if detection == "sparse" else 5
            warm_up = _WARM_UP_FRAMES if detection == "sparse" else 2
            try:
                times = _times(options, detection, (width, height, upsample), 1, warm_up + counted)
            except NotAvailableError as error:
                yield Absence(STAGES_ROW, case, str(error))
                continue
            yield from _stages(case, times[warm_up:])
        yield from _cameras_together(options, detection)


def _cameras_together(options: Options, detection: str) -> Iterator[Measurement | Absence]:
    counted, warm_up = (options.chosen(10, 40), 30) if detection == "sparse" else (4, 2)
    for cameras in CAMERAS:
        case = f"{cameras} of 640x480, {detection}"
        try:
            times = _times(options, detection, SIZES[0], cameras, warm_up + counted)
        except NotAvailableError as error:
            yield Absence(CAMERAS_ROW, case, str(error))
            continue
        spread = Spread.of([of_frame.total_ms for of_frame in times[warm_up:]])
        yield Measurement(CAMERAS_ROW, case, BATCH, "ms", spread)


def _times(
    options: Options, detection: str, size: tuple[int, int, int], cameras: int, count: int
) -> list[FrameTimes]:
    width, height, upsample = size
    detector = mmod_detector(options, upsample)
    recognizer = EmotionRecognizer(shipped_checkpoint(), device=options.device)
    engine = TimedEngine(detector, recognizer, lambda: policy(detection, detector), cameras)
    sources = [moving_frames(width, height, count, f"camera {i}") for i in range(cameras)]
    return [engine.observe(batch) for batch in zip(*sources, strict=True)]


def _stages(case: str, times: Sequence[FrameTimes]) -> Iterator[Measurement]:
    of_stages = (
        [t.detection_ms for t in times],
        [t.following_ms for t in times],
        [t.recognition_ms for t in times],
    )
    for stage, samples in zip(STAGES, of_stages, strict=True):
        yield Measurement(STAGES_ROW, case, stage, "ms", Spread.of(samples))
    yield Measurement(STAGES_ROW, case, "all", "ms", Spread.of([t.total_ms for t in times]))
