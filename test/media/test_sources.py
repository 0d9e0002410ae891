from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from glamor_ros.media.moving_photograph import fitted
from glamor_ros.media.pictures import BgrImage, MediaError
from glamor_ros.media.sources import ImageSource, open_image_source
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.frame import Frame

GREYS = (40, 120, 200)


def open_quietly(name: str | Path, **options: object) -> ImageSource:
    return open_image_source(str(name), warn=lambda line: None, **options)  # type: ignore[arg-type]


def grey(value: int, width: int = 64, height: int = 48) -> BgrImage:
    return np.full((height, width, 3), value, np.uint8)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Three grey frames at 12 Hz."""
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (64, 48))
    for value in GREYS:
        writer.write(grey(value))
    writer.release()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three grey images, a damaged one and half of one between them, and a text."""
    path = tmp_path / "folder"
    path.mkdir()
    for name, value in zip(("a.png", "c.PNG", "d.jpg"), GREYS, strict=True):
        cv2.imwrite(str(path / name), grey(value))
    (path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    whole = (path / "d.jpg").read_bytes()
    (path / "bb.jpg").write_bytes(whole[: len(whole) - 20])
    (path / "notes.txt").write_text("no image")
    return path


def read_image(source: ImageSource) -> BgrImage:
    image = source.read()
    assert image is not None
    return image


def brightness(image: BgrImage | None) -> int | None:
    return None if image is None else round(float(image.mean()))


def test_a_video_ends(video: Path) -> None:
    source = open_quietly(video, loop=False)

    values = [brightness(source.read()) for _ in range(4)]

    assert source.rate_hz == 12.0
    assert values == [pytest.approx(GREYS[0], abs=2), pytest.approx(GREYS[1], abs=2),
                      pytest.approx(GREYS[2], abs=2), None]  # fmt: skip
    source.close()


def test_a_video_loops(video: Path) -> None:
    source = open_quietly(video, loop=True)

    values = [brightness(source.read()) for _ in range(7)]

    assert values == [pytest.approx(value, abs=2) for value in (*GREYS, *GREYS, GREYS[0])]
    source.close()


@pytest.mark.parametrize("loop", [False, True])
def test_a_folder_skips_what_cannot_be_read(folder: Path, loop: bool) -> None:
    warnings: list[str] = []
    source = open_image_source(str(folder), loop=loop, warn=warnings.append)

    values = [brightness(source.read()) for _ in range(7)]

    expected = (*GREYS, *GREYS, GREYS[0]) if loop else (*GREYS, None, None, None, None)
    assert values == [None if e is None else pytest.approx(e, abs=2) for e in expected]
    pictures = "BMP, JPEG, PNG, PPM, TIFF or WebP"
    assert warnings == [
        f"skipped a picture: {folder / 'b.png'} is damaged, or no {pictures} picture",
        f"skipped a picture: {folder / 'bb.jpg'} breaks off in the middle of the picture: it is "
        "truncated",
    ]


def test_a_folder_of_damaged_images_is_an_error(folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(b"damaged")
    source = open_quietly(folder, loop=True)

    with pytest.raises(MediaError, match="holds no readable picture"):
        source.read()


def damaged_file(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(b"no such format")
        return folder / name

    return make


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda folder: folder / "absent.mp4", "the image source '.*absent.mp4' does not exist"),
        (lambda folder: "", "the image source '' does not exist"),
        (lambda folder: folder, "holds no pictures"),
        (damaged_file("x.mp4"), "x.mp4 is damaged, or no video"),
        (damaged_file("x.png"), "x.png is damaged, or no BMP"),
        (lambda folder: "987", "webcam 987 cannot be opened: there is no /dev/video987"),
    ],
)
def test_the_error_names_the_source(
    tmp_path: Path, make: Callable[[Path], Path | str], complaint: str
) -> None:
    with pytest.raises(MediaError, match=complaint):
        open_quietly(make(tmp_path))


def test_a_photograph_moves_smoothly_and_the_same_every_time(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    x, y = np.meshgrid(np.linspace(0, 255, 200), np.linspace(0, 255, 150))
    cv2.imwrite(str(path), np.dstack([x, y, 0 * x]).astype(np.uint8))

    first, again = (open_quietly(path, rate_hz=10.0) for _ in range(2))
    views = [read_image(first) for _ in range(40)]

    assert all(view.shape == (150, 200, 3) for view in views)
    assert all(np.array_equal(view, read_image(again)) for view in views)
    steps = [np.abs(a.astype(int) - b).max() for a, b in itertools.pairwise(views)]
    assert 0 < max(steps) < 8
    assert np.abs(views[0].astype(int) - views[39]).max() > 8


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(0, 0, (100, 50)), (50, 0, (50, 25)), (0, 25, (50, 25)), (200, 200, (200, 200))],
)
def test_sizes_follow_from_the_image_where_they_are_not_given(
    width: int, height: int, expected: tuple[int, int]
) -> None:
    image = fitted(grey(9, 100, 50), width, height)

    assert (image.shape[1], image.shape[0]) == expected
    assert (image == 9).all()


def test_fitting_keeps_the_aspect_ratio_and_the_middle() -> None:
    image = grey(0, 100, 50)
    image[15:35, 40:60] = 255  # a square in the middle stays a square

    bright = fitted(image, 60, 60)[..., 0] > 127

    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    assert (rows[0], rows[-1]) == (columns[0], columns[-1]) == (18, 41)


@pytest.mark.parametrize(("name", "people"), [("demo", 2), ("demo_one", 1)])
def test_the_faces_of_the_demo_stay_in_view(name: str, people: int) -> None:
    detector = build_face_detector("mmod")
    # One image every 13 s / 4: all phases of the zoom, other phases of the pan each time.
    source = open_quietly(name, rate_hz=4 / 13)

    views = [read_image(source) for _ in range(9)]

    assert {view.shape for view in views} == {(480, 640, 3)}
    assert [len(detector.detect([Frame(view)])[0]) for view in views] == [people] * 9
