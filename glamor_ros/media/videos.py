"""Videos in and out: the one reader and the one writer of video files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cv2

from ..atomic_file import OutputError, atomic_path
from .native_stderr import native_stderr_without
from .pictures import MAX_PIXELS, BgrImage, MediaError, require_size

# What OpenCV's wheels, which have no H.264, can write: VP8, which every browser plays, and MPEG-4
# part 2, which players play and browsers do not.
_FOURCCS = {".webm": "VP80", ".mp4": "mp4v"}
_SUFFIXES = " or ".join(_FOURCCS)
FALLBACK_RATE_HZ = 30.0


@dataclass(frozen=True)
class VideoFrame:
    """One frame of a video.

    Attributes:
        index: Its number, from 0.
        time_s: Since the beginning of the video.
        image_bgr: (H, W, 3), uint8, BGR.
    """

    index: int
    time_s: float
    image_bgr: BgrImage


class VideoReader:
    """The frames of a video file in their order, each decoded; closed at the end of a `with`.

    Args:
        path: The file.
        max_pixels: Videos of larger frames are refused.

    Raises:
        MediaError: The file cannot be opened as a video, or its frames are too large.
    """

    def __init__(self, path: Path, *, max_pixels: int = MAX_PIXELS) -> None:
        self._path = path
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise MediaError(path, "is damaged, or no video that OpenCV can open")
        width, height = (
            int(self._capture.get(side))
            for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if width > 0 and height > 0:
            require_size(width, height, path, max_pixels)

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def stated_rate_hz(self) -> float | None:
        """The frame rate that the file states; None where it states none of use."""
        return plausible_rate_hz(self._capture)

    @property
    def rate_hz(self) -> float:
        """The frame rate that the file states; 30 where it states none of use."""
        return self.stated_rate_hz or FALLBACK_RATE_HZ

    @property
    def frame_count(self) -> int | None:
        """How many frames the file says it has, which is often wrong; None where it does not."""
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        return int(count) if math.isfinite(count) and count > 0 else None

    def skip(self) -> bool:
        """Pass over the next frame.

        Returns:
            Whether there was one that can be decoded.
        """
        return bool(self._capture.grab())

    def read(self) -> BgrImage | None:
        """The next frame, (H, W, 3), uint8, BGR; None after the last that can be decoded."""
        is_there, image = self._capture.read()
        return image if is_there else None

    def frames(self) -> Iterator[VideoFrame]:
        """All frames that are left, with times: the file's own where they rise, else by the rate.

        Raises:
            MediaError: Not a single frame can be decoded.
        """
        index, time_s = 0, -math.inf
        while (image := self.read()) is not None:
            stamp_s = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
            follows = time_s + 1 / self.rate_hz if index else 0.0
            time_s = stamp_s if math.isfinite(stamp_s) and stamp_s > time_s else follows
            yield VideoFrame(index, time_s, image)
            index += 1
        if index == 0:
            raise MediaError(self._path, "holds no frame that can be decoded")

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


def plausible_rate_hz(capture: cv2.VideoCapture) -> float | None:
    """The rate that a file or camera states, or None where it is impossible; 1000 means unknown."""
    rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
    return rate_hz if math.isfinite(rate_hz) and 0 < rate_hz < 1000 else None


class VideoWriter:
    """A video file, written whole or not at all; to be used in a `with`.

    Without a frame no file is written.

    Args:
        path: The file. Its suffix decides: .webm (VP8) plays in browsers; .mp4 (MPEG-4 part 2) is
            written in a tenth of the time, but most browsers do not play it.
        rate_hz: Frames a second.

    Raises:
        OutputError: By any method, where the file cannot be written.
    """

    def __init__(self, path: Path, rate_hz: float) -> None:
        if path.suffix.lower() not in _FOURCCS:
            raise OutputError(f"cannot write {path}: a video's name ends with {_SUFFIXES}")
        self._path, self._rate_hz = path, rate_hz
        self._size = (0, 0)
        self._frame_count = 0
        self._writer: cv2.VideoWriter | None = None
        self._stack = ExitStack()
        self._partial = path

    def __enter__(self) -> VideoWriter:
        return self

    def write(self, image_bgr: BgrImage) -> None:
        """Add a frame, (H, W, 3), uint8, BGR, resized to the first one's size."""
        height, width = image_bgr.shape[:2]
        if self._writer is None:
            # Chroma is stored at half the resolution.
            self._size = (width + width % 2, height + height % 2)
            self._writer = self._open()
        if (width, height) != self._size:
            image_bgr = self._fitted(image_bgr)
        self._writer.write(image_bgr)
        self._frame_count += 1

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._stack:
            if self._writer is None:
                return
            self._writer.release()
            if error is not None:
                raise error
            self._require_all_frames()

    def _open(self) -> cv2.VideoWriter:
        self._partial = self._stack.enter_context(atomic_path(self._path))
        codec = _FOURCCS[self._path.suffix.lower()]
        fourcc = cv2.VideoWriter.fourcc(*codec)
        # OpenCV says so of every WebM, in whose files VP8 has no tag, and then writes it well.
        with native_stderr_without("is not supported with codec id"):
            writer = cv2.VideoWriter(str(self._partial), fourcc, self._rate_hz, self._size)
        if not writer.isOpened():
            raise OutputError(
                f"cannot write {self._path}: this OpenCV writes no {codec} video; the "
                "opencv-python-headless of PyPI does"
            )
        return writer

    def _fitted(self, image_bgr: BgrImage) -> BgrImage:
        width, height = self._size
        own_height, own_width = image_bgr.shape[:2]
        if (own_width + own_width % 2, own_height + own_height % 2) == self._size:
            borders = (0, height - own_height, 0, width - own_width)
            return cv2.copyMakeBorder(image_bgr, *borders, cv2.BORDER_REPLICATE)
        return cv2.resize(image_bgr, self._size, interpolation=cv2.INTER_AREA)

    def _require_all_frames(self) -> None:
        """Make sure that all frames were written: OpenCV says nothing of a full disk."""
        try:
            with VideoReader(self._partial) as written:
                count = written.frame_count
        except MediaError:
            count = None
        if count != self._frame_count:
            raise OutputError(
                f"cannot write {self._path}: {count or 0} of {self._frame_count} frames "
                "are in the file; is the disk full?"
            )
