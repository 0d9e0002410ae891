"""What the engine keeps of minutes of images."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest
import torch

from glamor_ros.media.demo_photographs import two_people
from glamor_ros.media.moving_photograph import MovingPhotograph
from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.engine import PeopleObserver
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.perception.tracking.detection_choice import policy_maker
from glamor_ros.perception.tracking.follower import PeopleFollower
from glamor_ros.perception.tracking.tracker import PersonIds

pytestmark = pytest.mark.soak

WARM_UP_S, DURATION_S = 60.0, 180.0
MAX_GROWTH_MIB = 5.0
RATE_HZ = 30.0


def resident_mib() -> float:
    """Of memory that is this process's alone."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def test_the_engine_s_memory_does_not_grow() -> None:
    torch.manual_seed(0)
    recognizer = EmotionRecognizer(
        Checkpoint(build_glamor_net(Architecture()).eval(), Architecture(), InputSpec())
    )
    detector = build_face_detector("mmod")
    observer, ids = PeopleObserver(detector, recognizer), PersonIds()
    make_policy = policy_maker("sparse", detector)
    cameras = [
        (
            PeopleFollower(ids, make_policy()),
            MovingPhotograph(two_people(), width=width, height=height, rate_hz=RATE_HZ),
        )
        for width, height in ((640, 480), (800, 600))
    ]
    began_s, stamp_s, seen = time.monotonic(), 1.0, 0
    samples_mib: list[tuple[float, float]] = []
    while (elapsed_s := time.monotonic() - began_s) < WARM_UP_S + DURATION_S:
        stamp_s += 1 / RATE_HZ
        batch = [
            (follower, Frame(picture, stamp_s))
            for follower, photograph in cameras
            if (picture := photograph.read()) is not None
        ]
        seen += sum(len(view.people) for view in observer.observe(batch) if view is not None)
        if elapsed_s > WARM_UP_S:
            samples_mib.append((elapsed_s, resident_mib()))
    assert seen > 1000
    tenth = len(samples_mib) // 10
    first, last = (
        statistics.median(mib for _, mib in part)
        for part in (samples_mib[:tenth], samples_mib[-tenth:])
    )
    assert last - first <= MAX_GROWTH_MIB
