"""The pure parts of the rows."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.measurement import Absence, Measurement
from benchmarks.options import DEFAULT_MMOD_DAT, DEFAULT_PICTURES, Options
from benchmarks.rows import registry
from benchmarks.rows.exactness import Difference, difference, reduced
from benchmarks.rows.overload import growth, slope_per_min
from benchmarks.rows.recognition import CROWD, HEIGHT, WIDTH, onnx_recognition
from benchmarks.subjects import photograph, shipped_checkpoint
from glamor_ros.perception.detection.face_detector import FaceDetection
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer

OPTIONS = Options("cpu", 1, True, False, DEFAULT_MMOD_DAT, None, DEFAULT_PICTURES)
FACE = FaceDetection(Box(10, 10, 110, 110), 1.0)
OTHER = FaceDetection(Box(300, 10, 400, 110), 0.5)


def test_equal_faces_do_not_differ_in_whatever_order() -> None:
    assert difference([FACE, OTHER], [OTHER, FACE]) == Difference(2, 0, 0, 0.0, 0.0)


def test_difference_counts_and_measures() -> None:
    moved = FaceDetection(Box(10, 12, 110, 111), 0.75)
    elsewhere = FaceDetection(Box(600, 10, 700, 110), 0.5)
    assert difference([FACE, OTHER], [moved, elsewhere]) == Difference(2, 1, 1, 2.0, 0.25)
    assert difference([FACE], []) == Difference(1, 1, 0, 0.0, 0.0)
    assert difference([], [FACE]) == Difference(0, 0, 1, 0.0, 0.0)


def test_pictures_are_reduced_to_so_many_pixels() -> None:
    large = np.zeros((1000, 2000, 3), np.uint8)
    assert reduced(large, 500_000).shape == (500, 1000, 3)
    assert reduced(large, 3_000_000).shape == (1000, 2000, 3)


def test_growth_of_memory_ignores_single_peaks() -> None:
    steady = [100.0] * 30
    assert growth((*steady[:-1], 180.0)) == 0.0
    assert growth(tuple(100.0 + 2 * second for second in range(30))) == 54.0


def test_slope_of_memory_is_a_minute_s() -> None:
    assert slope_per_min(tuple(100 + 0.5 * second for second in range(90))) == pytest.approx(30)
    assert slope_per_min((100.0,) * 90) == 0


def test_broken_row_keeps_what_it_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.rows import processor

    said = next(processor.measure(OPTIONS))

    def measure(options: Options):  # type: ignore[no-untyped-def]
        yield said
        raise RuntimeError("lost the GPU")

    monkeypatch.setattr(processor, "measure", measure)
    outcomes = list(registry.measured("processor", OPTIONS))
    assert isinstance(outcomes[0], Measurement)
    assert outcomes[1:] == [Absence("processor", "", "RuntimeError: lost the GPU", is_failure=True)]


def test_rivals_in_onnx_runtime_do_the_same_work(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    checkpoint = shipped_checkpoint()
    frame = Frame(photograph(WIDTH, HEIGHT))
    (people,) = EmotionRecognizer(checkpoint).recognize([Scene(frame, CROWD)])
    on_onnx = onnx_recognition(checkpoint, tmp_path, 1)(frame, CROWD)
    expected = np.stack([person.probabilities for person in people])
    assert expected.shape == (8, 7)
    np.testing.assert_allclose(on_onnx, expected, atol=1e-5)
