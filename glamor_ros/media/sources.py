"""Sources of images that a camera could give: webcams, videos, folders, moving photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import cv2

from .demo_performance import two_people_acting
from .demo_photographs import one_person
from .files import PICTURE_SUFFIXES, is_picture_file
from .moving_photograph import MovingPhotograph, PictureAt
from .pictures import BgrImage, MediaError, read_picture
from .videos import FALLBACK_RATE_HZ, VideoReader, plausible_rate_hz

DEMO_PHOTOGRAPHS: dict[str, Callable[[], BgrImage | PictureAt]] = {
    "demo": two_people_acting,
    "demo_one": one_person,
}
DEMO_SIZE = (640, 480)
PHOTOGRAPH_RATE_HZ = 30.0

_FOLDER_RATE_HZ = 1.0


class ImageSource(Protocol):
    """A source of images, one after the other, (H, W, 3), uint8, BGR."""

    @property
    def rate_hz(self) -> float:
        """The source's own pace, for users who ask for no other."""
        ...

    def read(self) -> BgrImage | None:
        """The next image; None after the last.

        Raises:
            MediaError: The source fails.
        """
        ...

    def close(self) -> None:
        """Let go of files and devices."""
        ...


def open_image_source(
    name: str,
    *,
    width: int = 0,
    height: int = 0,
    rate_hz: float = 0.0,
    loop: bool = True,
    warn: Callable[[str], object],
) -> ImageSource:
    """The source that a user calls by this name.

    Args:
        name: "demo" (two people whose expressions change) or "demo_one"; the number of a webcam;
            or the path of a video, of a folder of pictures, or of a picture, which is moved about.
        width: The width of the images wanted, in pixels; 0: the source's own, for a demo 640.
            Videos, folders and many webcams give their own size nevertheless.
        height: The height of the images wanted, in pixels; 0: the source's own, for a demo 480.
        rate_hz: The rate at which the images will be read; 0: the source's own.
        loop: Whether videos and folders begin again after the last image.
        warn: Told of what was skipped.

    Raises:
        MediaError: There is no such source, or it cannot be read.
    """
    if name in DEMO_PHOTOGRAPHS:
        if not width and not height:
            width, height = DEMO_SIZE
        return _moving(DEMO_PHOTOGRAPHS[name](), width, height, rate_hz)
    if name.isdecimal():
        return WebcamSource(int(name), width=width, height=height)
    path = Path(name).expanduser()
    if not name or not path.exists():
        raise MediaError(
            f"the image source '{name}'",
            f"does not exist: give {' or '.join(DEMO_PHOTOGRAPHS)}, the number of a webcam, or the "
            "path of a video, a picture or a folder of pictures",
        )
    if path.is_dir():
        return FolderSource(path, loop=loop, warn=warn)
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return _moving(read_picture(path), width, height, rate_hz)
    return VideoSource(path, loop=loop)


class VideoSource:
    """The frames of a video file.

    Args:
        path: The file.
        loop: Whether it begins again after the last frame.

    Raises:
        MediaError: The file cannot be opened as a video.
    """

    def __init__(self, path: Path, *, loop: bool) -> None:
        self._path = path
        self._loop = loop
        self._reader = VideoReader(path)
        self._has_frames = False

    @property
    def rate_hz(self) -> float:
        """The rate that the file states."""
        return self._reader.rate_hz

    def read(self) -> BgrImage | None:
        """The next frame; None after the last, where the video does not loop."""
        image = self._reader.read()
        if image is None and self._loop and self._has_frames:
            self._reader.close()
            self._reader = VideoReader(self._path)
            image = self._reader.read()
        if image is None and not self._has_frames:
            raise MediaError(self._path, "holds no frame that can be decoded")
        self._has_frames = True
        return image

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


class WebcamSource:
    """A camera of this machine.

    Args:
        number: The number n in /dev/videon.
        width: The width of the images to ask for, in pixels; 0: the camera's own.
        height: The height of the images to ask for, in pixels; 0: the camera's own.

    Raises:
        MediaError: There is no such camera, or it cannot be opened.
    """

    def __init__(self, number: int, *, width: int = 0, height: int = 0) -> None:
        self._number = number
        self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise MediaError(
                f"webcam {number}",
                f"cannot be opened: there is no /dev/video{number}, or it is in use, or this user "
                "may not read it (on most systems: group 'video')",
            )
        if width and height:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)

    @property
    def rate_hz(self) -> float:
        """The rate that the camera states, or 30 where it states none of use."""
        return plausible_rate_hz(self._capture) or FALLBACK_RATE_HZ

    def read(self) -> BgrImage | None:
        """The next image; waits for it."""
        is_there, image = self._capture.read()
        if not is_there:
            raise MediaError(f"webcam {self._number}", "gives no more images: is it unplugged?")
        return image

    def close(self) -> None:
        """Release the camera."""
        self._capture.release()


class FolderSource:
    """The pictures of a folder in the order of their names.

    Args:
        folder: The folder; folders in it are not searched.
        loop: Whether it begins again after the last picture.
        warn: Told once of each picture that cannot be read.

    Raises:
        MediaError: The folder holds no picture.
    """

    def __init__(self, folder: Path, *, loop: bool, warn: Callable[[str], object]) -> None:
        self._folder = folder
        self._loop = loop
        self._warn = warn
        self._paths = sorted(path for path in folder.iterdir() if is_picture_file(path))
        if not self._paths:
            raise MediaError(folder, f"holds no pictures ({' '.join(PICTURE_SUFFIXES)})")
        self._unreadable: set[Path] = set()
        self._next = 0

    @property
    def rate_hz(self) -> float:
        """A pace slow enough to look at each picture."""
        return _FOLDER_RATE_HZ

    def read(self) -> BgrImage | None:
        """The next readable picture; None after the last, where the folder does not loop."""
        while True:
            if self._next == len(self._paths):
                if len(self._unreadable) == len(self._paths):
                    raise MediaError(self._folder, "holds no readable picture")
                if not self._loop:
                    return None
                self._next = 0
            path = self._paths[self._next]
            self._next += 1
            if path in self._unreadable:
                continue
            try:
                return read_picture(path)
            except MediaError as error:
                self._unreadable.add(path)
                self._warn(f"skipped a picture: {error}")

    def close(self) -> None:
        """Do nothing: nothing is open between pictures."""


def _moving(
    photograph: BgrImage | PictureAt, width: int, height: int, rate_hz: float
) -> MovingPhotograph:
    return MovingPhotograph(
        photograph, width=width, height=height, rate_hz=rate_hz or PHOTOGRAPH_RATE_HZ
    )
