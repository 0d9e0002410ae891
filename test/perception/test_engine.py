"""Detection, tracking, recognition and smoothing together, with scripted detections."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.network.weights.checkpoint import Checkpoint
from glamor_ros.perception.detection.face_detector import FaceDetection
from glamor_ros.perception.engine import ObserverSettings, PeopleObserver
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer
from glamor_ros.perception.tracking.tracker import TrackerSettings

LEFT = FaceDetection(100, 100, 180, 180, 1.0)
RIGHT = FaceDetection(400, 120, 500, 220, 0.4)
FRAME_S = 1 / 30


class ScriptedDetector:
    """Gives the detections it was told, one list for each call."""

    def __init__(self, script: Sequence[Sequence[FaceDetection]]) -> None:
        self._script = list(script)
        self.calls = 0

    def detect(self, image_bgr: np.ndarray) -> list[FaceDetection]:
        self.calls += 1
        return list(self._script[min(self.calls, len(self._script)) - 1])


@pytest.fixture(scope="module")
def recognizer() -> EmotionRecognizer:
    torch.manual_seed(0)
    network = build_glamor_net(Architecture()).eval()
    network.classifier[3].weight.data *= 20  # type: ignore[index]  # decided, so that images differ
    return EmotionRecognizer(Checkpoint(network, Architecture(), InputSpec()))


def image(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (480, 640, 3), dtype=np.uint8)


def test_people_are_told_apart_and_described(recognizer: EmotionRecognizer) -> None:
    observer = PeopleObserver(ScriptedDetector([[LEFT, RIGHT]]), recognizer)
    frame = image()
    view = observer.observe(frame, 10.0)
    assert (view.image_width, view.image_height) == (640, 480)
    left, right = view.people
    assert left.person_id != right.person_id
    assert (left.face.x, left.face.y, left.face.width, left.face.height) == (100, 100, 80, 80)
    assert left.detection == LEFT
    assert right.face_score == pytest.approx(0.4)
    assert left.observed
    assert left.evaluated
    assert left.tracked_for_s == 0
    assert np.array_equal(left.probabilities, left.estimate.probabilities)
    later = observer.observe(frame, 10.5)
    assert [p.person_id for p in later.people] == [left.person_id, right.person_id]
    assert later.people[0].tracked_for_s == pytest.approx(0.5)


def test_nobody_in_view(recognizer: EmotionRecognizer) -> None:
    view = PeopleObserver(ScriptedDetector([[]]), recognizer).observe(image(), 0.0)
    assert view.people == ()


def test_the_detector_rests_for_its_interval(recognizer: EmotionRecognizer) -> None:
    detector = ScriptedDetector([[LEFT]])
    observer = PeopleObserver(detector, recognizer, ObserverSettings(detection_interval_s=0.1))
    views = [observer.observe(image(i), i * FRAME_S) for i in range(31)]
    assert detector.calls == 11  # every third image
    predicted = [v.people[0] for v in views if not v.people[0].observed]
    assert len(predicted) == 31 - detector.calls
    assert all(p.evaluated and p.detection is None for p in predicted)
    assert len({p.person_id for v in views for p in v.people}) == 1


def test_a_face_that_is_missed_coasts_and_is_not_evaluated(recognizer: EmotionRecognizer) -> None:
    observer = PeopleObserver(
        ScriptedDetector([[LEFT], [], []]),
        recognizer,
        ObserverSettings(tracker=TrackerSettings(max_coast_s=0.2)),
    )
    seen = observer.observe(image(0), 0.0).people[0]
    coasting = observer.observe(image(1), 0.1).people[0]
    assert coasting.person_id == seen.person_id
    assert not coasting.observed
    assert not coasting.evaluated
    assert np.array_equal(coasting.probabilities, seen.probabilities)
    assert coasting.face_score == pytest.approx(1.0)
    assert observer.observe(image(2), 0.31).people == ()


def test_probabilities_follow_with_the_time_constant(recognizer: EmotionRecognizer) -> None:
    settings = ObserverSettings(smoothing_time_constant_s=0.5)
    observer = PeopleObserver(ScriptedDetector([[LEFT]]), recognizer, settings)
    first = observer.observe(np.zeros((480, 640, 3), np.uint8), 0.0).people[0]
    for step in range(1, 11):
        last = observer.observe(image(1), step * 0.05).people[0]
    target = last.estimate.probabilities
    step_height = first.probabilities - target
    assert abs(step_height).max() > 1e-4
    assert last.probabilities == pytest.approx(target + np.exp(-1) * step_height, abs=1e-6)


def test_settings_change_between_images(recognizer: EmotionRecognizer) -> None:
    observer = PeopleObserver(ScriptedDetector([[LEFT, RIGHT]]), recognizer)
    assert len(observer.observe(image(), 0.0).people) == 2
    observer.settings = ObserverSettings(
        min_face_score=0.5, tracker=TrackerSettings(max_coast_s=0.0)
    )
    assert [p.face.x for p in observer.observe(image(), 0.1).people] == [100]
    observer.settings = ObserverSettings(
        min_face_size_px=90, tracker=TrackerSettings(max_coast_s=0.0)
    )
    assert [p.face.x for p in observer.observe(image(), 0.2).people] == [400]


def test_ids_are_not_used_again_after_a_reset(recognizer: EmotionRecognizer) -> None:
    observer = PeopleObserver(ScriptedDetector([[LEFT]]), recognizer)
    before = observer.observe(image(), 0.0).people[0].person_id
    observer.reset()
    assert observer.observe(image(), 0.1).people[0].person_id != before


@pytest.mark.parametrize(
    "name",
    ["min_face_score", "min_face_size_px", "detection_interval_s", "smoothing_time_constant_s"],
)
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_settings_out_of_range_are_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}; it must be 0 or more"):
        ObserverSettings(**{name: value})  # type: ignore[arg-type]
