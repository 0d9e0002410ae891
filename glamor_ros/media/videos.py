"""Videos in and out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from ..atomic_file import OutputError, atomic_path
from ..errors import GlamorError

VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv")

# MPEG-4 part 2: of the codecs that players know, the one that every OpenCV wheel can write.
_FOURCC = cv2.VideoWriter.fourcc(*"mp4v")
_FALLBACK_RATE_HZ = 30.0


class VideoError(GlamorError, ValueError):
    """A video cannot be read; the message names the file."""


@dataclass(frozen=True)
class VideoFrame:
    """image_bgr (H, W, 3). time_s: since the beginning of the video."""

    index: int
    time_s: float
    image_bgr: NDArray[np.uint8]


class VideoReader:
    """The frames of a file, in order. Raises VideoError for one that cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise VideoError(f"cannot read {path}: it is damaged or no video that OpenCV can open")

    @property
    def rate_hz(self) -> float:
        """As the file says; 30 where it says nothing of use."""
        rate_hz = float(self._capture.get(cv2.CAP_PROP_FPS))
        return rate_hz if math.isfinite(rate_hz) and 0 < rate_hz <= 1000 else _FALLBACK_RATE_HZ

    @property
    def frame_count(self) -> int | None:
        """As the file says; None where it does not."""
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        return int(count) if math.isfinite(count) and count > 0 else None

    def frames(self) -> Iterator[VideoFrame]:
        """Times are the file's own where they rise, else follow from the rate. Raises VideoError
        where not a single frame can be decoded.
        """
        index, time_s = 0, -math.inf
        while True:
            is_there, image = self._capture.read()
            if not is_there:
                break
            stamp_s = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
            follows = time_s + 1 / self.rate_hz if index else 0.0
            time_s = stamp_s if math.isfinite(stamp_s) and stamp_s > time_s else follows
            yield VideoFrame(index, time_s, image.astype(np.uint8, copy=False))
            index += 1
        if index == 0:
            raise VideoError(f"cannot read {self._path}: it holds no frame that can be decoded")

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


class VideoWriter:
    """An MP4 file, written whole or not at all: use it in a `with`.

    All frames are brought to the first one's size. Raises OutputError where the file cannot be
    written. Without a frame, none is.
    """

    def __init__(self, path: Path, rate_hz: float) -> None:
        self._path, self._rate_hz = path, rate_hz
        self._size = (0, 0)
        self._frame_count = 0
        self._writer: cv2.VideoWriter | None = None
        self._stack = ExitStack()
        self._partial = path

    def __enter__(self) -> VideoWriter:
        return self

    def write(self, image_bgr: NDArray[np.uint8]) -> None:
        """Add a frame (H, W, 3)."""
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
        writer = cv2.VideoWriter(str(self._partial), _FOURCC, self._rate_hz, self._size)
        if not writer.isOpened():
            raise OutputError(f"cannot write {self._path}: this OpenCV writes no MPEG-4 video")
        return writer

    def _fitted(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        width, height = self._size
        own_height, own_width = image_bgr.shape[:2]
        if (own_width + own_width % 2, own_height + own_height % 2) == self._size:
            borders = (0, height - own_height, 0, width - own_width)
            return cv2.copyMakeBorder(image_bgr, *borders, cv2.BORDER_REPLICATE)
        return cv2.resize(image_bgr, self._size, interpolation=cv2.INTER_AREA)

    def _require_all_frames(self) -> None:
        """OpenCV says nothing of a failed write, such as on a full disk."""
        try:
            written = VideoReader(self._partial)
        except VideoError:
            count = None
        else:
            count = written.frame_count
            written.close()
        if count != self._frame_count:
            raise OutputError(
                f"cannot write {self._path}: {count or 0} of {self._frame_count} frames "
                "are in the file; is the disk full?"
            )
