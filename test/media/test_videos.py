from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from glamor_ros.atomic_file import OutputError
from glamor_ros.media.native_stderr import native_stderr_without
from glamor_ros.media.pictures import MediaError
from glamor_ros.media.videos import VideoReader, VideoWriter

WRITE_BEYOND_THE_LIMIT = """
import resource, sys
from pathlib import Path
import numpy as np
from glamor_ros.media.pictures import MediaError
from glamor_ros.media.videos import VideoWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
generator = np.random.default_rng(0)
with VideoWriter(Path(sys.argv[1]), 10.0) as writer:
    for _ in range(20):
        writer.write(generator.integers(0, 256, (240, 320, 3), dtype=np.uint8))
"""


def grey(value: int, width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "video.webm"
    with VideoWriter(path, 12.5) as writer:
        for index in range(10):
            writer.write(grey(20 * index))
    reader = VideoReader(path)
    assert (reader.rate_hz, reader.frame_count) == (12.5, 10)
    frames = list(reader.frames())
    reader.close()
    assert [frame.index for frame in frames] == list(range(10))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(10) * 0.08, atol=1e-6)
    means = [frame.image_bgr.mean() for frame in frames]
    np.testing.assert_allclose(means, 20 * np.arange(10), atol=6)
    assert frames[0].image_bgr.shape == (240, 320, 3)


def test_opencv_s_line_about_every_webm_is_not_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with VideoWriter(tmp_path / "video.webm", 10.0) as writer:
        writer.write(grey(100))
    os.write(2, b"still printed\n")
    assert (tmp_path / "video.webm").is_file()
    assert capfd.readouterr().err == "still printed\n"


def test_lines_of_others_are_printed(capfd: pytest.CaptureFixture[str]) -> None:
    @native_stderr_without("no concern")
    def fail() -> None:
        os.write(2, b"one\nof no concern\ntwo\nthree")
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert capfd.readouterr().err == "one\ntwo\nthree"


def test_a_closed_standard_error_is_no_failure(tmp_path: Path) -> None:
    code = (
        "from glamor_ros.media.native_stderr import native_stderr_without\n"
        "with native_stderr_without('x'): print('done')\n"
    )
    command = f'exec "{sys.executable}" -c "{code}" 2>&-'
    result = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, text=True, check=True)
    assert result.stdout == "done\n"


@pytest.mark.parametrize(("width", "height"), [(321, 240), (320, 241), (321, 241)])
def test_odd_sides_get_a_column_or_row_more(tmp_path: Path, width: int, height: int) -> None:
    with VideoWriter(tmp_path / "video.webm", 10.0) as writer:
        writer.write(grey(100, width, height))
        writer.write(grey(200, width, height))
    frames = list(VideoReader(tmp_path / "video.webm").frames())
    assert len(frames) == 2
    assert frames[0].image_bgr.shape == (height + height % 2, width + width % 2, 3)
    assert frames[0].image_bgr[-1, -1].mean() == pytest.approx(100, abs=6)


def test_frames_of_another_size_are_brought_to_the_firsts(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "video.webm", 10.0) as writer:
        for width, height in [(320, 240), (640, 480), (100, 50)]:
            writer.write(grey(100, width, height))
    shapes = {frame.image_bgr.shape for frame in VideoReader(tmp_path / "video.webm").frames()}
    assert shapes == {(240, 320, 3)}


def write_and_fail(path: Path) -> None:
    with VideoWriter(path, 10.0) as writer:
        writer.write(grey(0))
        raise KeyError


def test_after_an_error_the_file_before_is_still_there(tmp_path: Path) -> None:
    path = tmp_path / "video.webm"
    path.write_text("before")
    with pytest.raises(KeyError):
        write_and_fail(path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("video.webm", "before")]


def test_a_suffix_that_stands_for_no_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"clip\.gif: a video's name ends with \.webm or \.mp4"):
        VideoWriter(tmp_path / "clip.gif", 10.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "beginning"), [(".webm", b"\x1aE\xdf\xa3"), (".mp4", b"ftyp")])
def test_the_suffix_decides_the_format(tmp_path: Path, suffix: str, beginning: bytes) -> None:
    path = tmp_path / f"clip{suffix}"
    with VideoWriter(path, 10.0) as writer:
        writer.write(grey(100))
    assert beginning in path.read_bytes()[:8]


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "video.webm", 10.0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_noticed(tmp_path: Path) -> None:
    """OpenCV itself reports nothing."""
    path = tmp_path / "video.webm"
    result = subprocess.run(
        [sys.executable, "-c", WRITE_BEYOND_THE_LIMIT, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert f"OutputError: cannot write {path}: " in result.stderr
    assert "of 20 frames are in the file" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(OutputError, match=str(tmp_path / "file")),
        VideoWriter(tmp_path / "file" / "video.webm", 10.0) as writer,
    ):
        writer.write(grey(0))


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_a_file_that_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "video.webm"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=str(path)):
        list(VideoReader(path).frames())


def test_a_truncated_video_is_named(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with VideoWriter(path, 10.0) as writer:
        for index in range(10):
            writer.write(grey(20 * index))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError, match=str(path)):
        list(VideoReader(path).frames())


def test_a_video_of_too_large_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with VideoWriter(path, 10.0) as writer:
        writer.write(grey(100))
    with pytest.raises(MediaError, match=r"video.mp4 is too large: 320x240 .* limit is 0.07"):
        VideoReader(path, max_pixels=70_000)


def test_frames_can_be_skipped(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with VideoWriter(path, 10.0) as writer:
        for index in range(4):
            writer.write(grey(50 * index))
    with VideoReader(path) as reader:
        assert [reader.skip(), reader.skip()] == [True, True]
        image = reader.read()
        assert image is not None
        assert image.mean() == pytest.approx(100, abs=6)
        assert [reader.skip(), reader.skip()] == [True, False]
        assert reader.read() is None
