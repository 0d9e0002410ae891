"""Predictions as pictures and videos in a folder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...atomic_file import atomic_path, make_folder
from ...media.videos import VideoWriter
from ...perception.people import Person
from ...visualization.attention import attention_panel
from ...visualization.overlay import draw_people
from .inputs import Input
from .prediction import Prediction
from .sink import AddFrame

PICTURE_SUFFIX, VIDEO_SUFFIX = "_emotions.png", "_emotions.mp4"


class PictureFolder:
    """Gives each input a file of its own: its name with _emotions.png or _emotions.mp4.

    Files from folders keep their place in them. A number is put behind names that several have, and
    no input is overwritten.
    """

    def __init__(self, folder: Path, inputs: Sequence[Input]) -> None:
        make_folder(folder)
        self._targets = output_paths(folder, inputs)

    def image(self, prediction: Prediction) -> None:
        """The image with boxes and labels, and the attention beside it."""
        picture = picture_with_attention(prediction.image_bgr, prediction.view.people)
        write_picture(self._targets[prediction.source], picture)

    @contextmanager
    def video(self, source: Input, rate_hz: float) -> Iterator[AddFrame]:
        """A video of such pictures, as wide as they can be."""
        with VideoWriter(self._targets[source], rate_hz) as writer:

            def add(prediction: Prediction) -> None:
                image_bgr = prediction.image_bgr
                picture = picture_with_attention(image_bgr, prediction.view.people)
                missing = 2 * image_bgr.shape[1] - picture.shape[1]
                writer.write(cv2.copyMakeBorder(picture, 0, 0, 0, missing, cv2.BORDER_CONSTANT))

            yield add


def output_paths(folder: Path, inputs: Sequence[Input]) -> dict[Input, Path]:
    """Where to put what is made of each input; all of them differ, also from the inputs."""
    taken = {source.path.resolve() for source in inputs}
    paths: dict[Input, Path] = {}
    for source in dict.fromkeys(inputs):
        suffix = VIDEO_SUFFIX if source.is_video else PICTURE_SUFFIX
        place, number = folder / source.folder, 1
        path = place / f"{source.path.stem}{suffix}"
        while path.resolve() in taken:
            number += 1
            path = place / f"{source.path.stem}_{number}{suffix}"
        taken.add(path.resolve())
        paths[source] = path
    return paths


def picture_with_attention(
    image_bgr: NDArray[np.uint8], people: Sequence[Person]
) -> NDArray[np.uint8]:
    """Boxes and labels at the left, everybody's attention at the right, tiled to the same height.

    At most twice as wide as the image; as wide as the image with nobody to show.
    """
    annotated = draw_people(image_bgr, people)
    shown = [p for p in people if p.evaluated and p.estimate.attention is not None]
    if not shown:
        return annotated
    height, width = image_bgr.shape[:2]
    rows = math.ceil(math.sqrt(len(shown)))
    columns = math.ceil(len(shown) / rows)
    tile_width_px = max(width // rows, 1)
    panel = attention_panel(image_bgr, shown, columns=columns, tile_width_px=tile_width_px)
    picture = np.zeros((height, width + min(panel.shape[1], width), 3), np.uint8)
    picture[:, :width] = annotated
    picture[: panel.shape[0], width:] = panel[:height, :width]
    return picture


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """A PNG file, whole or not at all. Raises OutputError."""
    _, encoded = cv2.imencode(".png", picture)
    with atomic_path(path) as partial:
        partial.write_bytes(encoded.tobytes())
