"""Images from video files, webcams and folders."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from .image_source import BgrImage, ImageSourceError

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")

_FALLBACK_RATE_HZ = 30.0
_FOLDER_RATE_HZ = 1.0


class VideoSource:
    """The frames of a video file; `loop` begins again after the last."""

    def __init__(self, path: Path, *, loop: bool) -> None:
        self._path = path
        self._loop = loop
        self._capture = self._open()
        self._has_frames = False

    @property
    def rate_hz(self) -> float:
        """As the file says."""
        return _plausible_rate(self._capture)

    def read(self) -> BgrImage | None:
        """The next frame; None after the last, where the video does not loop."""
        image = self._next_frame()
        if image is None and self._loop and self._has_frames:
            self._capture.release()
            self._capture = self._open()
            image = self._next_frame()
        if image is None and not self._has_frames:
            raise ImageSourceError(f"the video {self._path} holds no frame that can be decoded")
        self._has_frames = True
        return image

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def _next_frame(self) -> BgrImage | None:
        is_there, image = self._capture.read()
        return image if is_there else None

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise ImageSourceError(
                f"{self._path} is neither an image nor a video that OpenCV can open: it is damaged "
                "or of an unknown format"
            )
        return capture


class WebcamSource:
    """A camera of this machine by its number, asked for images of width x height (0: its own)."""

    def __init__(self, number: int, *, width: int = 0, height: int = 0) -> None:
        self._number = number
        self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise ImageSourceError(
                f"there is no webcam {number} (/dev/video{number}), or it is in use, or this user "
                "may not read it (on most systems: group 'video')"
            )
        if width and height:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)

    @property
    def rate_hz(self) -> float:
        """As the camera says."""
        return _plausible_rate(self._capture)

    def read(self) -> BgrImage | None:
        """The next image; waits for it."""
        is_there, image = self._capture.read()
        if not is_there:
            raise ImageSourceError(f"webcam {self._number} gives no more images: is it unplugged?")
        return image

    def close(self) -> None:
        """Release the camera."""
        self._capture.release()


class FolderSource:
    """The images of a folder in the order of their names; unreadable ones are told to `warn`."""

    def __init__(self, folder: Path, *, loop: bool, warn: Callable[[str], object]) -> None:
        self._folder = folder
        self._loop = loop
        self._warn = warn
        self._paths: Sequence[Path] = sorted(
            path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES
        )
        if not self._paths:
            raise ImageSourceError(
                f"the folder {folder} holds no images ({', '.join(IMAGE_SUFFIXES)})"
            )
        self._unreadable: set[Path] = set()
        self._next = 0

    @property
    def rate_hz(self) -> float:
        """Slow enough to look at each."""
        return _FOLDER_RATE_HZ

    def read(self) -> BgrImage | None:
        """The next readable image; None after the last, where the folder does not loop."""
        while True:
            if self._next == len(self._paths):
                if len(self._unreadable) == len(self._paths):
                    raise ImageSourceError(f"the folder {self._folder} holds no readable image")
                if not self._loop:
                    return None
                self._next = 0
            path = self._paths[self._next]
            self._next += 1
            if path in self._unreadable:
                continue
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is not None:
                return image
            self._unreadable.add(path)
            self._warn(f"skipped {path}: it is no image that OpenCV can read")

    def close(self) -> None:
        """Nothing is open between images."""


def read_photograph(path: Path) -> BgrImage:
    """The image in a file. Raises ImageSourceError."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ImageSourceError(f"{path} is no image that OpenCV can read: it is damaged")
    return image


def _plausible_rate(capture: cv2.VideoCapture) -> float:
    rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
    return rate_hz if math.isfinite(rate_hz) and 0 < rate_hz <= 1000 else _FALLBACK_RATE_HZ
