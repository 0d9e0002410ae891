"""Pictures and videos of the predictions, in a folder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from ...atomic_file import make_folder
from ...media.pictures import BgrImage, write_picture
from ...media.videos import VideoWriter
from ...perception.people import Person
from ...visualization.attention import attention_panel
from ...visualization.overlay import draw_people
from .inputs import Input
from .prediction import AddFrame, Prediction

PICTURE_SUFFIX, VIDEO_SUFFIX = "_emotions.png", "_emotions.webm"


class PictureFolder:
    """A folder with a picture (name_emotions.png) or video (name_emotions.webm) for each input.

    Files from folders keep their place in them. A number is added to names that several inputs
    have, and no input is overwritten.

    Args:
        folder: Where the files go.
        inputs: All inputs.
    """

    def __init__(self, folder: Path, inputs: Sequence[Input]) -> None:
        make_folder(folder)
        self._targets = output_paths(folder, inputs)

    def image(self, prediction: Prediction) -> None:
        """Write the image with boxes and labels, and the attention beside it."""
        picture = picture_with_attention(prediction.image_bgr, prediction.view.people)
        write_picture(self._targets[prediction.source], picture)

    @contextmanager
    def video(self, source: Input, rate_hz: float) -> Iterator[AddFrame]:
        """What adds such frames to a video."""
        with VideoWriter(self._targets[source], rate_hz) as writer:

            def add(prediction: Prediction) -> None:
                writer.write(frame_with_attention(prediction.image_bgr, prediction.view.people))

            yield add


def output_paths(folder: Path, inputs: Sequence[Input]) -> dict[Input, Path]:
    """The file made of each input; all of them differ, also from the inputs.

    Args:
        folder: Where the files go.
        inputs: All inputs.
    """
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


def picture_with_attention(image_bgr: BgrImage, people: Sequence[Person]) -> BgrImage:
    """A still: boxes and labels at the left, everybody's attention at the right.

    Args:
        image_bgr: (H, W, 3), uint8.
        people: Those in it.

    Returns:
        (H, from W to 2 W, 3), uint8: just as wide as the people's attention, in tiles, needs. As
        wide as the image with no attention to show.
    """
    annotated = draw_people(image_bgr, people)
    shown = _with_attention(people)
    if not shown:
        return annotated
    rows = math.ceil(math.sqrt(len(shown)))
    columns = math.ceil(len(shown) / rows)
    panel = attention_panel(image_bgr, shown, **_grid(image_bgr, rows, columns))
    return _beside(annotated, panel, panel.shape[1])


def frame_with_attention(image_bgr: BgrImage, people: Sequence[Person]) -> BgrImage:
    """A video's frame: as a still, but of one size however many people come into view.

    Args:
        image_bgr: (H, W, 3), uint8.
        people: Those in it.

    Returns:
        (H, 1.5 W, 3), uint8. The column at the right holds two tiles, or as many more, and smaller
        ones, as are needed; where there is nobody for a tile, it shows the image alone, dimmed.
    """
    shown = _with_attention(people)
    # A grid of twice as many rows as columns has the column's aspect ratio.
    columns = max(math.ceil(math.sqrt(len(shown) / 2)), 1)
    panel = attention_panel(image_bgr, shown, **_grid(image_bgr, 2 * columns, columns))
    return _beside(draw_people(image_bgr, people), panel, max(image_bgr.shape[1] // 2, 1))


def _with_attention(people: Sequence[Person]) -> list[Person]:
    return [p for p in people if p.evaluated and p.attention is not None]


def _grid(image_bgr: BgrImage, rows: int, columns: int) -> dict[str, int]:
    """The size of tiles of which this many rows are as high as the image."""
    tile_width_px = max(image_bgr.shape[1] // rows, 1)
    return {"rows": rows, "columns": columns, "tile_width_px": tile_width_px}


def _beside(left: BgrImage, right: BgrImage, right_width_px: int) -> BgrImage:
    """Two images side by side; the right one is resized, as whole tiles miss a few pixels."""
    size = (right_width_px, left.shape[0])
    if right.shape[1::-1] != size:
        right = cv2.resize(right, size, interpolation=cv2.INTER_LINEAR)
    return np.hstack([left, right])
