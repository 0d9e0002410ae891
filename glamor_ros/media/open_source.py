"""Opening a source of images by what the user calls it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .demo_photographs import one_person, two_people
from .image_source import BgrImage, ImageSource, ImageSourceError
from .moving_photograph import MovingPhotograph
from .recordings import IMAGE_SUFFIXES, FolderSource, VideoSource, WebcamSource, read_photograph

DEMO_PHOTOGRAPHS = {"demo": two_people, "demo_one": one_person}
DEMO_SIZE = (640, 480)
PHOTOGRAPH_RATE_HZ = 30.0


def open_image_source(
    name: str,
    *,
    width: int = 0,
    height: int = 0,
    rate_hz: float = 0.0,
    loop: bool = True,
    warn: Callable[[str], object],
) -> ImageSource:
    """A source by name: "demo" or "demo_one", the number of a webcam, or the path of a video, of a
    folder of images, or of an image, which is moved about.

    width, height: of the images wanted, 0: the source's own (demo: 640x480); videos, webcams and
    folders give their own size nevertheless. rate_hz: at which the images will be read, 0: the
    source's own. warn: is told of what was skipped.

    Raises ImageSourceError where there is no such source or it cannot be read.
    """
    if name in DEMO_PHOTOGRAPHS:
        if not width and not height:
            width, height = DEMO_SIZE
        return _moving(DEMO_PHOTOGRAPHS[name](), width, height, rate_hz)
    if name.isdecimal():
        return WebcamSource(int(name), width=width, height=height)
    path = Path(name).expanduser()
    if not name or not path.exists():
        raise ImageSourceError(
            f"there is no image source '{name}': give {' or '.join(DEMO_PHOTOGRAPHS)}, the number "
            "of a webcam, or the path of a video, an image or a folder of images"
        )
    if path.is_dir():
        return FolderSource(path, loop=loop, warn=warn)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return _moving(read_photograph(path), width, height, rate_hz)
    return VideoSource(path, loop=loop)


def _moving(photograph: BgrImage, width: int, height: int, rate_hz: float) -> MovingPhotograph:
    return MovingPhotograph(
        photograph, width=width, height=height, rate_hz=rate_hz or PHOTOGRAPH_RATE_HZ
    )
