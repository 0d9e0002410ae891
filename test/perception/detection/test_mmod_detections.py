"""The MMOD detector against dlib: its stored detections, and dlib itself where it is installed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.face_detector import (
    FaceDetection,
    FaceDetector,
    FaceDetectorError,
)
from glamor_ros.perception.detection.mmod.detector import MmodFaceDetector
from glamor_ros.perception.detection.mmod.weights import WEIGHTS_FILE_NAME, load_weights
from glamor_ros.perception.device import DeviceError
from glamor_ros.perception.frame import Frame
from glamor_ros.perception.geometry import Box
from glamor_ros.perception.precision import PrecisionError

SCORE_TOLERANCE = 1e-5

Image = NDArray[np.uint8]


def boxes(faces: list[FaceDetection]) -> list[Box]:
    return [face.box for face in faces]


def by_place(faces: list[FaceDetection]) -> list[FaceDetection]:
    """For copies of one face, whose scores are too close to rank them."""
    return sorted(faces, key=lambda face: (face.box.top, face.box.left))


def assert_same(found: list[FaceDetection], expected: list[FaceDetection]) -> None:
    """The same boxes to the pixel, in the same order; scores within the tolerance."""
    assert boxes(found) == boxes(expected)
    assert [face.score for face in found] == pytest.approx(
        [face.score for face in expected], abs=SCORE_TOLERANCE
    )


@pytest.fixture(scope="module")
def read_image(images_dir: Path) -> Callable[..., Image]:
    def read(name: str, width: int, height: int) -> Image:
        image = cv2.imread(str(images_dir / f"{name}.png"))
        assert image is not None, name
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)

    return read


@pytest.fixture(scope="module")
def detectors() -> dict[int, FaceDetector]:
    return {upsample: build_face_detector("mmod", upsample=upsample) for upsample in (0, 1, 2)}


@pytest.fixture(scope="module")
def dlib_detectors(golden_dir: Path) -> dict[int, FaceDetector]:
    pytest.importorskip("dlib", reason="dlib is not installed: nothing live to compare with")
    network = golden_dir / "mmod_human_face_detector.dat"
    return {
        upsample: build_face_detector("dlib_cnn", upsample=upsample, weights=network)
        for upsample in (0, 1, 2)
    }


def test_all_golden_detections(
    golden_dir: Path, read_image: Callable[..., Image], detectors: dict[int, FaceDetector]
) -> None:
    entries = json.loads((golden_dir / "dlib_detections.json").read_text())
    assert sum(len(entry["faces"]) for entry in entries) == 25
    for entry in entries:
        image = read_image(Path(entry["image"]).stem, entry["width"], entry["height"])
        expected = [
            FaceDetection(
                Box(face["left"], face["top"], face["right"], face["bottom"]), face["confidence"]
            )
            for face in entry["faces"]
        ]
        assert_same(detectors[entry["upsample"]].detect([Frame(image)])[0], expected)


@pytest.mark.parametrize(
    ("name", "width", "height", "upsample"),
    [
        ("portrait", 201, 187, 1),
        ("portrait", 127, 151, 1),
        ("portrait", 90, 113, 2),
        ("astronaut", 333, 251, 0),
        ("astronaut", 251, 211, 1),
        ("two_people", 301, 143, 1),
        ("two_people", 153, 81, 2),
    ],
)
def test_odd_sizes_against_dlib(
    name: str,
    width: int,
    height: int,
    upsample: int,
    read_image: Callable[..., Image],
    detectors: dict[int, FaceDetector],
    dlib_detectors: dict[int, FaceDetector],
) -> None:
    image = read_image(name, width, height)
    assert_same(
        detectors[upsample].detect([Frame(image)])[0],
        dlib_detectors[upsample].detect([Frame(image)])[0],
    )


def test_views_of_an_image_against_dlib(
    read_image: Callable[..., Image],
    detectors: dict[int, FaceDetector],
    dlib_detectors: dict[int, FaceDetector],
) -> None:
    """Crops, mirror images and turned images are views: other strides, some of them negative."""
    image = read_image("two_people", 320, 188)
    views = {
        "crop": image[3:130, 7:164],
        "mirrored": image[:, ::-1],
        "turned": np.rot90(image)[60:],
        "other channel order": image[:, :, ::-1],
    }
    faces = 0
    for view in views.values():
        expected = dlib_detectors[1].detect([Frame(view)])[0]
        assert_same(detectors[1].detect([Frame(view)])[0], expected)
        faces += len(expected)
    assert faces >= 4


def test_overlapping_and_cut_off_faces_against_dlib(
    read_image: Callable[..., Image],
    detectors: dict[int, FaceDetector],
    dlib_detectors: dict[int, FaceDetector],
) -> None:
    """Many windows on each face (non-maximum suppression), and boxes that leave the image."""
    face = read_image("portrait", 160, 200)[34:95, 55:125]
    crowd = np.tile(face, (2, 3, 1))
    expected = dlib_detectors[1].detect([Frame(crowd)])[0]
    assert len(expected) == 6
    assert min(face.box.top for face in expected) < 0
    assert_same(by_place(detectors[1].detect([Frame(crowd)])[0]), by_place(expected))


@pytest.mark.parametrize("repeats", [(1, 9), (9, 1)], ids=["wide", "tall"])
def test_wide_and_tall_images_against_dlib(
    repeats: tuple[int, int],
    read_image: Callable[..., Image],
    detectors: dict[int, FaceDetector],
    dlib_detectors: dict[int, FaceDetector],
) -> None:
    face = read_image("portrait", 160, 200)[20:110, 50:130]
    row = np.tile(face, (*repeats, 1))
    expected = dlib_detectors[1].detect([Frame(row)])[0]
    assert len(expected) >= 7
    assert_same(by_place(detectors[1].detect([Frame(row)])[0]), by_place(expected))


@pytest.mark.parametrize(
    ("width", "height"), [(10, 10), (11, 13), (10, 300), (300, 10), (900, 12), (12, 900)]
)
def test_smallest_sides_work(
    width: int,
    height: int,
    read_image: Callable[..., Image],
    detectors: dict[int, FaceDetector],
    dlib_detectors: dict[int, FaceDetector],
) -> None:
    image = read_image("portrait", width, height)
    for upsample in (0, 1):
        assert_same(
            detectors[upsample].detect([Frame(image)])[0],
            dlib_detectors[upsample].detect([Frame(image)])[0],
        )


@pytest.mark.parametrize("value", [0, 255])
def test_flat_images_have_no_face(value: int, detectors: dict[int, FaceDetector]) -> None:
    flat = np.full((120, 150, 3), value, dtype=np.uint8)
    assert detectors[0].detect([Frame(flat)])[0] == []
    assert detectors[1].detect([Frame(flat)])[0] == []


def test_noise_on_a_photograph_against_dlib(
    read_image: Callable[..., Image],
    detectors: dict[int, FaceDetector],
    dlib_detectors: dict[int, FaceDetector],
) -> None:
    image = read_image("portrait", 173, 216)
    generator = np.random.default_rng(0)
    for deviation in (10, 40, 80):
        noise = generator.normal(0, deviation, image.shape)
        noisy = np.clip(image + noise, 0, 255).astype(np.uint8)
        assert_same(
            detectors[1].detect([Frame(noisy)])[0], dlib_detectors[1].detect([Frame(noisy)])[0]
        )


def test_min_score_drops_what_does_not_exceed_it(read_image: Callable[..., Image]) -> None:
    image = read_image("two_people", 480, 281)
    scores = [face.score for face in build_face_detector("mmod").detect([Frame(image)])[0]]
    assert len(scores) == 2
    between = build_face_detector("mmod", min_score=sum(scores) / 2).detect([Frame(image)])[0]
    assert [face.score for face in between] == [max(scores)]
    assert build_face_detector("mmod", min_score=max(scores)).detect([Frame(image)])[0] == []


def test_matrix_precision_setting_changes_nothing(
    read_image: Callable[..., Image], detectors: dict[int, FaceDetector]
) -> None:
    """Applications lower it for speed, process-wide; the detections must not move."""
    image = read_image("portrait", 240, 300)
    before = detectors[1].detect([Frame(image)])[0]
    previous = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert detectors[1].detect([Frame(image)])[0] == before
    finally:
        torch.set_float32_matmul_precision(previous)


def test_threads_share_a_detector(read_image: Callable[..., Image]) -> None:
    """Two threads, images of the same size but different content: nobody gets the other's faces."""
    detector = build_face_detector("mmod")
    images = [read_image("portrait", 240, 300), np.zeros((300, 240, 3), dtype=np.uint8)]
    expected = [detector.detect([Frame(image)])[0] for image in images]
    assert [len(faces) for faces in expected] == [1, 0]
    wrong: list[list[FaceDetection]] = []

    def work(index: int) -> None:
        for _ in range(8):
            found = detector.detect([Frame(images[index])])[0]
            if found != expected[index]:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(index,)) for index in (0, 1, 0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_earlier_images_leave_no_trace(read_image: Callable[..., Image]) -> None:
    """The buffers of a size are written again and again; other sizes and modes come between."""
    detector = build_face_detector("mmod")
    image = read_image("portrait", 240, 300)
    first = detector.detect([Frame(image)])[0]
    detector.detect([Frame(np.full_like(image, 255))])[0]
    detector.detect([Frame(read_image("two_people", 200, 117))])[0]
    with torch.no_grad():
        assert detector.detect([Frame(image)])[0] == first


@pytest.mark.filterwarnings("error")
def test_read_only_images(
    read_image: Callable[..., Image], detectors: dict[int, FaceDetector]
) -> None:
    """As they come out of a message; PyTorch would warn of them."""
    image = read_image("portrait", 240, 300)
    expected = detectors[0].detect([Frame(image)])[0]
    image.flags.writeable = False
    assert detectors[0].detect([Frame(image)])[0] == expected


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((9, 100, 3), np.uint8), "100x9 px.*at least 10 px"),
        (np.zeros((100, 9, 3), np.uint8), "9x100 px.*at least 10 px"),
        (np.zeros((0, 0, 3), np.uint8), "0x0 px"),
        (np.zeros((50, 50), np.uint8), r"shape \(height, width, 3\), got \(50, 50\)"),
        (np.zeros((50, 50, 4), np.uint8), r"got \(50, 50, 4\)"),
        (np.zeros((50, 50, 3), np.float32), "uint8.*got float32"),
        ([[1, 2, 3]], "NumPy array, got list"),
    ],
)
def test_unusable_images_are_named(
    image: Image, message: str, detectors: dict[int, FaceDetector]
) -> None:
    with pytest.raises(FaceDetectorError, match=message):
        detectors[0].detect([Frame(image)])[0]


def test_unknown_options_are_named(weights_dir: Path) -> None:
    with pytest.raises(FaceDetectorError, match=r"'yolo'.*mmod, yunet, dlib_cnn, dlib_hog"):
        build_face_detector("yolo")
    for upsample in (-1, 5):
        with pytest.raises(FaceDetectorError, match=f"0 to 4, got {upsample}"):
            build_face_detector("mmod", upsample=upsample)
    parameters = load_weights(weights_dir / WEIGHTS_FILE_NAME)
    with pytest.raises(FaceDetectorError, match="0 to 4, got 9"):
        MmodFaceDetector(parameters, upsample=9)
    with pytest.raises(PrecisionError, match=r"'float8'.*float32, float16, bfloat16"):
        MmodFaceDetector(parameters, precision="float8")
    with pytest.raises(PrecisionError, match=r"'float16' is for GPUs.*'float32'"):
        MmodFaceDetector(parameters, precision="float16")
    with pytest.raises(DeviceError, match=r"device 'warp'.*'cpu'"):
        MmodFaceDetector(parameters, device="warp")


def test_frames_of_different_sizes_together(
    read_image: Callable[..., Image], detectors: dict[int, FaceDetector]
) -> None:
    frames = [
        Frame(read_image("portrait", 240, 300)),
        Frame(read_image("two_people", 480, 281)),
        Frame(read_image("portrait", 240, 300)[:, ::-1]),
        Frame(np.zeros((10, 10, 3), np.uint8)),
    ]
    together = detectors[0].detect(frames)
    assert [len(faces) for faces in together] == [1, 2, 1, 0]
    assert together == [detectors[0].detect([frame])[0] for frame in frames]
    assert detectors[0].detect([]) == []


def test_min_face_size_leaves_levels_out(read_image: Callable[..., Image]) -> None:
    """The faces of the levels that remain stay where they are; it may change while running."""
    detector = build_face_detector("mmod", upsample=1)
    assert isinstance(detector, MmodFaceDetector)
    frame = Frame(read_image("portrait", 240, 300))
    (face,) = detector.detect([frame])[0]
    assert face.box.width == 68
    for size in (45, 68):
        detector.min_face_size_px = size
        (found,) = detector.detect([frame])[0]
        assert found.box == face.box
        assert found.score == pytest.approx(face.score, abs=0.02)
    detector.min_face_size_px = 90
    assert all(found.box.width >= 90 for found in detector.detect([frame])[0])
    detector.min_face_size_px = 5000
    assert detector.detect([frame]) == [[]]
    assert detector.sweep(240, 300) == ()


def test_images_that_need_too_much_memory_are_refused() -> None:
    detector = build_face_detector("mmod", upsample=4)
    frame = Frame(np.zeros((1080, 1920, 3), np.uint8))
    with pytest.raises(FaceDetectorError, match=r"1920x1080 px, doubled 4.*GiB.*lower upsample"):
        detector.detect([frame])
