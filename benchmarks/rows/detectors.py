"""Full detection against dlib's CNN and HOG and YuNet, by size."""

from __future__ import annotations

from collections.abc import Iterator

from glamor_ros.perception.detection.face_detector import FaceDetector
from glamor_ros.perception.frame import Frame

from ..arithmetic import gigaflops_of
from ..measurement import Absence, Measurement, NotAvailableError, Spread, Target
from ..options import Options
from ..pairing import Rival, take_turns
from ..subjects import (
    dlib_cnn_detector,
    dlib_hog_detector,
    mmod_detector,
    photograph,
    yunet_detector,
)

ROW = "full detection"
OURS, CNN, HOG, YUNET = "ours (mmod)", "dlib CNN", "dlib HOG", "YuNet"
ARITHMETIC = "arithmetic of ours"
CNN_SPEED_UP_TARGET = 30.0
OUR_RUNS, OTHER_RUNS = 5, 5
# (width, height, upsample) of images, and of those that are too slow for every run of dlib's CNN.
CASES = ((320, 180, 0), (640, 480, 0), (712, 400, 0), (1280, 720, 0), (320, 180, 1), (640, 480, 1))
SLOW_CASES = ((1920, 1080, 0), (1280, 720, 1))
QUICK_CASES = ((320, 180, 0), (640, 480, 0))


def measure(options: Options) -> Iterator[Measurement | Absence]:
    """The time of one image by detector and size, and how many times ours goes into theirs."""
    cases = QUICK_CASES if options.quick else CASES + SLOW_CASES
    for width, height, upsample in cases:
        case = case_of(width, height, upsample)
        with_cnn = options.full or (width, height, upsample) not in SLOW_CASES
        detectors: dict[str, FaceDetector] = {OURS: mmod_detector(options, upsample)}
        for name, build in (
            (CNN, lambda: dlib_cnn_detector(options, upsample)),  # noqa: B023
            (HOG, lambda: dlib_hog_detector(upsample)),  # noqa: B023
            (YUNET, lambda: yunet_detector(options)),
        ):
            if (name == CNN and not with_cnn) or (name == YUNET and upsample):
                continue
            try:
                detectors[name] = build()
            except NotAvailableError as error:
                yield Absence(ROW, f"{case}, {name}", str(error))
        yield from _measurements(case, Frame(photograph(width, height)), detectors, options)


def case_of(width: int, height: int, upsample: int) -> str:
    """The case's name."""
    return f"{width}x{height}" + (f", upsample {upsample}" if upsample else "")


def _measurements(
    case: str, frame: Frame, detectors: dict[str, FaceDetector], options: Options
) -> Iterator[Measurement]:
    rivals = {
        name: Rival(lambda d=detector: d.detect([frame]), _repeats(name))  # type: ignore[misc]
        for name, detector in detectors.items()
    }
    for name in rivals:
        if name != CNN:
            rivals[name].call()
    times = take_turns(rivals, options.chosen(2, 3), warm_up=False)
    for name in rivals:
        yield Measurement(ROW, case, name, "ms", times.spread(name))
    for name in rivals:
        if name != OURS:
            yield Measurement(
                ROW,
                case,
                f"{name} / ours",
                "×",
                times.ratio(name, OURS),
                higher_is_better=True,
                target=Target(CNN_SPEED_UP_TARGET) if name == CNN else None,
            )
    operations = gigaflops_of(lambda: detectors[OURS].detect([frame]))
    if operations:
        yield Measurement(ROW, case, ARITHMETIC, "GFLOP", Spread.of_one(operations))


def _repeats(name: str) -> int:
    if name == CNN:
        return 1
    return OUR_RUNS if name == OURS else OTHER_RUNS
