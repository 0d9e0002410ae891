"""Preprocessing against the released code's own output, and against OpenCV."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from glamor_ros.network.input_spec import InputSpec
from glamor_ros.perception.frame import Frame, ImageError, require_bgr_image
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.perception.recognition.preprocessing import Preprocessor

GOLDEN_SAMPLES = 4


@pytest.fixture
def preprocessor() -> Preprocessor:
    return Preprocessor(InputSpec())


def pixels(image: np.ndarray) -> torch.Tensor:
    return Frame(image).on(torch.device("cpu"))


def face_of(preprocessor: Preprocessor, image: np.ndarray, face: Region) -> np.ndarray:
    return preprocessor.faces(pixels(image), [face]).numpy()[0]


def contexts_of(
    preprocessor: Preprocessor, image: np.ndarray, masks: list[list[Region]]
) -> np.ndarray:
    return preprocessor.contexts(pixels(image), masks).numpy()


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("sample", range(GOLDEN_SAMPLES))
def test_equals_the_released_code(
    golden_dir: Path, images_dir: Path, preprocessor: Preprocessor, sample: int
) -> None:
    golden = np.load(golden_dir / "glamor_reference.npz")
    assert len(golden["box"]) == GOLDEN_SAMPLES
    image = cv2.imread(str(images_dir / str(golden["image"][sample])))
    assert image is not None
    height, width = image.shape[:2]
    face = Box(*(float(edge) for edge in golden["box"][sample])).clipped(width, height)

    assert abs(face_of(preprocessor, image, face) - golden["face"][sample]).max() <= 1e-4
    difference = abs(contexts_of(preprocessor, image, [[face]])[0] - golden["context"][sample])
    # The reference sends the masked image through JPEG at quality 95; that is left out here.
    assert difference.mean() <= 0.0075
    assert difference.max() <= 0.14


@pytest.mark.parametrize("size", [(480, 640), (64, 91), (1, 1), (1080, 1920), (130, 170)])
def test_context_equals_opencv_on_a_masked_copy(
    preprocessor: Preprocessor, size: tuple[int, int]
) -> None:
    image = noise(*size)
    regions = [Region(0, 0, size[1] // 3, size[0] // 2), Region(size[1] // 2, 0, 7, 5)]
    masked = image.astype(np.float32) / 255
    for region in regions:
        masked[region.y : region.y + region.height, region.x : region.x + region.width] = 0
    resized = cv2.resize(masked, (171, 128), interpolation=cv2.INTER_LINEAR)
    expected = resized[8:120, 29:141, ::-1]
    found = contexts_of(preprocessor, image, [regions])[0]
    assert abs(found - expected).max() <= 1e-4


def test_face_equals_opencv_on_the_crop(preprocessor: Preprocessor) -> None:
    image = noise(200, 300)
    expected = cv2.resize(
        image[20:151, 40:160].astype(np.float32) / 255, (96, 96), interpolation=cv2.INTER_LINEAR
    )[..., ::-1]
    assert abs(face_of(preprocessor, image, Region(40, 20, 120, 131)) - expected).max() <= 1e-4


def test_several_faces_equal_each_alone_exactly(preprocessor: Preprocessor) -> None:
    image = noise(200, 300)
    faces = [Region(40, 20, 120, 131), Region(0, 0, 300, 200), Region(299, 199, 1, 1)]
    together = preprocessor.faces(pixels(image), faces).numpy()
    for face, found in zip(faces, together, strict=True):
        assert np.array_equal(found, face_of(preprocessor, image, face))


def test_a_margin_leaves_the_face_as_it_is(preprocessor: Preprocessor) -> None:
    image = noise(200, 300)
    face = Region(250, 20, 50, 60)
    surrounded = preprocessor.faces_with_margin(pixels(image), [face], 16).numpy()[0]
    assert surrounded.shape == (128, 128, 3)
    assert np.array_equal(surrounded[16:112, 16:112], face_of(preprocessor, image, face))
    # To the right of the image its last column repeats.
    assert np.array_equal(surrounded[:, -1], surrounded[:, -2])
    assert not np.array_equal(surrounded[:, 0], surrounded[:, 1])


def test_each_context_has_its_own_mask_and_the_image_stays(preprocessor: Preprocessor) -> None:
    image = np.full((480, 640, 3), 255, np.uint8)
    left, right = Region(150, 100, 100, 100), Region(400, 100, 100, 100)
    first, second, both = contexts_of(preprocessor, image, [[left], [right], [left, right]])
    assert image.min() == 255
    assert np.array_equal(both, np.minimum(first, second))
    assert first.min() == 0
    assert not np.array_equal(first, second)


def test_views_need_not_be_contiguous(preprocessor: Preprocessor) -> None:
    image = noise(240, 320)
    view = noise(240, 320 * 2)[:, ::2]
    view[:] = image
    face = Region(10, 10, 80, 90)
    assert np.array_equal(face_of(preprocessor, view, face), face_of(preprocessor, image, face))
    assert np.array_equal(
        contexts_of(preprocessor, view, [[]]), contexts_of(preprocessor, image, [[]])
    )


def test_attention_covers_the_centre_of_the_source(preprocessor: Preprocessor) -> None:
    # Rows 8 to 120 of 128 and columns 29 to 141 of 171.
    assert preprocessor.context_region(1710, 1280) == Region(290, 80, 1120, 1120)
    assert preprocessor.context_region(640, 480) == Region(109, 30, 419, 420)


def test_other_sizes_come_from_the_input_spec() -> None:
    spec = InputSpec(face_size=(64, 48), context_resize=(100, 100), context_crop=(90, 80))
    preprocessor = Preprocessor(spec)
    image = noise(50, 60)
    assert face_of(preprocessor, image, Region(0, 0, 60, 50)).shape == (64, 48, 3)
    assert contexts_of(preprocessor, image, [[], []]).shape == (2, 90, 80, 3)
    assert contexts_of(preprocessor, image, []).shape == (0, 90, 80, 3)
    assert preprocessor.context_region(100, 100) == Region(10, 5, 80, 90)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_images_are_refused(image: np.ndarray) -> None:
    with pytest.raises(ImageError, match=r"expected a BGR image .* got shape \(\d"):
        require_bgr_image(image)
