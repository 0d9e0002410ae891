"""The processor's time with nobody in view, sparse against full."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from skimage import data

from glamor_ros.perception.engine import PeopleObserver
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.perception.tracking.follower import PeopleFollower
from glamor_ros.perception.tracking.tracker import PersonIds

from ..measurement import Measurement, Spread, Target
from ..options import Options
from ..subjects import CAMERA_RATE_HZ, mmod_detector, policy, shipped_checkpoint
from .detectors import case_of

ROW = "nobody in view"
FULL, SPARSE = "full", "sparse"
SIZES = ((640, 480), (1920, 1080))
MAX_SHARE_OF_FULL = 0.5
# A second of frames, so that each block holds every part of the sweep as often.
BLOCK = round(CAMERA_RATE_HZ)
FULL_FRAMES = 5


def measure(options: Options) -> Iterator[Measurement]:
    """Seconds of all the processor's cores that a second of a camera takes."""
    recognizer = EmotionRecognizer(shipped_checkpoint(), device=options.device)
    detector = mmod_detector(options, 0)
    observer = PeopleObserver(detector, recognizer)
    coffee = np.ascontiguousarray(data.coffee()[..., ::-1])
    for width, height in SIZES:
        picture = cv2.resize(coffee, (width, height)).astype(np.uint8)
        # The first second of the sparse search is its first sweep, as fast as the frames come.
        frames = [
            Frame(picture, 1 + index / CAMERA_RATE_HZ)
            for index in range((1 + options.chosen(2, 4)) * BLOCK)
        ]
        full, sparse = (
            _processor_s(observer, PeopleFollower(PersonIds(), policy(name, detector)), of)
            for name, of in ((FULL, frames[: 1 + FULL_FRAMES]), (SPARSE, frames))
        )
        full_s = [CAMERA_RATE_HZ * spent_s for spent_s in full[1:]]
        sparse_s = [
            sum(sparse[start : start + BLOCK]) for start in range(BLOCK, len(sparse), BLOCK)
        ]
        case = case_of(width, height, 0)
        yield Measurement(ROW, case, FULL, "s/s", Spread.of(full_s))
        yield Measurement(ROW, case, SPARSE, "s/s", Spread.of(sparse_s))
        usual_s = Spread.of(full_s).median
        shares = Spread.of([spent_s / usual_s for spent_s in sparse_s])
        yield Measurement(ROW, case, "sparse / full", "", shares, target=Target(MAX_SHARE_OF_FULL))


def _processor_s(
    observer: PeopleObserver, follower: PeopleFollower, frames: Sequence[Frame]
) -> list[float]:
    """What each frame takes of the processor, all threads together."""
    spent_s = []
    for frame in frames:
        before_s = time.process_time()
        observer.observe([(follower, frame)])
        spent_s.append(time.process_time() - before_s)
    return spent_s
