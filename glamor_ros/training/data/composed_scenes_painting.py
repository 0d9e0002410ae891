"""The painting of composed scenes: backgrounds, bodies, heads, and what makes a face unclear.

Everything is (H, W, 3) uint8 BGR and painted into the image that is given.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ...perception.geometry import Box, Region
from .composed_scenes_plan import Impairment

Image = NDArray[np.uint8]

MAX_CLUTTER = 5
# Blue, green and red of skin in parts of its brightness, from pale to brown.
SKIN_TONES = np.array([[0.80, 0.95, 1.25], [0.62, 0.90, 1.48]])
# Faces in photographs are often paler than what is around them: strong lines are no sign of one.
CONTRAST = (0.45, 1.25)
BRIGHTNESS = (0.75, 1.35)
# A head of that many pieces in each direction is none any more once they are mixed.
DECOY_PIECES = 4
_MASK_SIDE_PX = 96


def background(
    height_px: int, width_px: int, photographs: Sequence[Image], rng: np.random.Generator
) -> Image:
    """A plain colour, a gradient or a part of a photograph, with some clutter before it."""
    drawn = rng.random()
    if drawn < 0.2 or (drawn >= 0.45 and not photographs):
        image = np.empty((height_px, width_px, 3), np.uint8)
        image[:] = rng.integers(0, 256, 3)
    elif drawn < 0.45:
        corners = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
        image = cv2.resize(corners, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    else:
        image = _part_of(photographs[int(rng.integers(len(photographs)))], height_px, width_px, rng)
    for _ in range(rng.integers(MAX_CLUTTER + 1)):
        _paint_clutter(image, rng)
    return image


def surroundings(picture: Image, face_share: float, rng: np.random.Generator) -> Image:
    """What is beside the face in a picture of a head: a corner of it, without the face.

    Args:
        picture: (s, s) or (s, s, 3), BGR, with the face in the middle.
        face_share: The face's width in parts of the picture's.
        rng: Chooses the corner.
    """
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR).astype(np.uint8)
    margin = max(int(len(picture) * (1 - face_share) / 2), 2)
    rows = slice(margin) if rng.random() < 0.5 else slice(-margin, None)
    columns = slice(margin) if rng.random() < 0.5 else slice(-margin, None)
    return picture[rows, columns]


def decoy(picture: Image, photographs: Sequence[Image], rng: np.random.Generator) -> Image:
    """Something with the colours and edges of a head that is none: (s, s) or (s, s, 3).

    Args:
        picture: A head, whose pieces are put together otherwise.
        photographs: A part of one is taken instead, half of the time.
        rng: The source of everything that is drawn.
    """
    if photographs and rng.random() < 0.5:
        photograph = photographs[int(rng.integers(len(photographs)))]
        side = max(min(photograph.shape[:2]) // int(rng.integers(2, 6)), 1)
        top = int(rng.integers(photograph.shape[0] - side + 1))
        left = int(rng.integers(photograph.shape[1] - side + 1))
        return _recoloured(photograph[top : top + side, left : left + side], rng)
    piece = len(picture) // DECOY_PIECES
    mixed = np.empty_like(picture[: piece * DECOY_PIECES, : piece * DECOY_PIECES])
    for place, source in enumerate(rng.permutation(DECOY_PIECES**2)):
        (to_row, to_column), (row, column) = (
            divmod(int(number), DECOY_PIECES) for number in (place, source)
        )
        mixed[
            to_row * piece : (to_row + 1) * piece, to_column * piece : (to_column + 1) * piece
        ] = picture[row * piece : (row + 1) * piece, column * piece : (column + 1) * piece]
    return mixed


def _part_of(photograph: Image, height_px: int, width_px: int, rng: np.random.Generator) -> Image:
    height, width = photograph.shape[:2]
    share = rng.uniform(0.4, 1.0)
    part_height, part_width = max(int(height * share), 1), max(int(width * share), 1)
    top = rng.integers(height - part_height + 1)
    left = rng.integers(width - part_width + 1)
    part = photograph[top : top + part_height, left : left + part_width]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    image = cv2.resize(_recoloured(part, rng), (width_px, height_px))
    return cv2.convertScaleAbs(image, alpha=rng.uniform(0.5, 1.3)).astype(np.uint8)


def _recoloured(photograph: Image, rng: np.random.Generator) -> Image:
    """A copy, half of the time with its channels exchanged: a few photographs become many."""
    channels = rng.permutation(3) if rng.random() < 0.5 else np.arange(3)
    return np.ascontiguousarray(photograph[..., channels])


def _paint_clutter(image: Image, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    center = int(rng.integers(width)), int(rng.integers(height))
    axes = int(rng.uniform(0.02, 0.15) * width), int(rng.uniform(0.02, 0.2) * width)
    colour = _colour(rng)
    if rng.random() < 0.5:
        cv2.ellipse(image, center, axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
    else:
        corner = center[0] + axes[0], center[1] + axes[1]
        cv2.rectangle(image, center, corner, colour, -1)


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    blue, green, red = rng.integers(0, 256, 3).tolist()
    return blue, green, red


def paint_body(image: Image, face: Box, rng: np.random.Generator) -> None:
    """Shoulders below a face."""
    (x, _), width = face.center, face.width
    center = round(x), round(face.bottom + 1.1 * width)
    axes = max(round(width * rng.uniform(0.8, 1.2)), 1), max(round(width), 1)
    cv2.ellipse(image, center, axes, 0, 0, 360, _colour(rng), -1, cv2.LINE_AA)


def paint_head(
    image: Image, picture: Image, face_share: float, face: Box, rng: np.random.Generator
) -> None:
    """A head with soft edges.

    Args:
        image: Where to.
        picture: (s, s) or (s, s, 3), BGR, with the face in the middle. Grey ones get the colour of
            skin.
        face_share: The face's width in parts of the picture's.
        face: Where the face is to be.
        rng: Draws tilt, mirroring, light and edges.
    """
    side = max(round(face.width / face_share), 4)
    shrinks = side < len(picture)
    sized = cv2.resize(
        picture, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    tilt = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), rng.uniform(-12, 12), 1.0)
    sized = cv2.warpAffine(sized, tilt, (side, side), borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.5:
        sized = sized[:, ::-1]
    values = sized.astype(np.float32)
    mean = values.mean()
    values = (values - mean) * rng.uniform(*CONTRAST) + mean * rng.uniform(*BRIGHTNESS)
    if values.ndim == 2:
        tone = SKIN_TONES[0] + rng.random() * (SKIN_TONES[1] - SKIN_TONES[0])
        values = values[:, :, None] * tone.astype(np.float32)
    edges = cv2.resize(_outline(face_share, rng.uniform(0.05, 0.3)), (side, side))
    _blend(image, values, edges, face)


def _outline(face_share: float, softness: float) -> NDArray[np.float32]:
    """1 inside a head's outline, 0 outside: an oval, or nearly a square of what is only face."""
    steps = np.abs(np.linspace(-1, 1, _MASK_SIDE_PX, dtype=np.float32))
    power = 2.5 if face_share < 0.7 else 5.0
    distance = (steps[:, None] ** power + steps[None, :] ** power) ** (1 / power)
    return np.clip((1 - distance) / np.float32(softness), 0, 1)


def _blend(
    image: Image, values: NDArray[np.float32], edges: NDArray[np.float32], face: Box
) -> None:
    """Set values into an image about the centre of a face, as far as they lie in it."""
    height, width = image.shape[:2]
    side, (x, y) = len(values), face.center
    left, top = round(x - side / 2), round(y - side / 2)
    rows = slice(max(top, 0), min(top + side, height))
    columns = slice(max(left, 0), min(left + side, width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    own = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    share = edges[own][:, :, None]
    mixed = image[rows, columns] * (1 - share) + values[own] * share
    image[rows, columns] = np.clip(mixed, 0, 255)


def impair(image: Image, face: Box, impairment: Impairment, rng: np.random.Generator) -> None:
    """Make a face that has been painted tell next to nothing.

    SMALL and CUT are a matter of where it was painted: nothing is left to do.
    """
    height, width = image.shape[:2]
    region = face.scaled(1.15).clipped(width, height)
    if region.is_empty:
        return
    if impairment is Impairment.BLURRED:
        _blur(image, region, int(rng.integers(3, 7)))
    elif impairment is Impairment.HIDDEN:
        _hide(image, region, rng)
    elif impairment is Impairment.TURNED:
        _turn(image, region, rng)


def _pixels(image: Image, region: Region) -> Image:
    return image[region.y : region.y + region.height, region.x : region.x + region.width]


def _blur(image: Image, region: Region, left_px: int) -> None:
    """Nothing stays but left_px by left_px soft spots."""
    pixels = _pixels(image, region)
    spots = cv2.resize(pixels, (left_px, left_px), interpolation=cv2.INTER_AREA)
    pixels[:] = cv2.resize(spots, (region.width, region.height), interpolation=cv2.INTER_CUBIC)


def _hide(image: Image, region: Region, rng: np.random.Generator) -> None:
    """Something is held before most of the face."""
    pixels = _pixels(image, region)
    height, width = pixels.shape[:2]
    share = rng.uniform(0.75, 1.0)
    top, left = rng.uniform(0, 1 - share) * height, rng.uniform(0, 1 - share) * width
    start = int(left), int(top)
    stop = int(left + share * width), int(top + share * height)
    cv2.rectangle(pixels, start, stop, _colour(rng), -1)


def _turn(image: Image, region: Region, rng: np.random.Generator) -> None:
    """A profile, narrow at one side, or the back of the head; the rest is hair."""
    pixels = _pixels(image, region)
    height, width = pixels.shape[:2]
    narrow = max(int(width * rng.choice([0.0, rng.uniform(0.1, 0.3)])), 0)
    profile = cv2.resize(pixels, (narrow, height), interpolation=cv2.INTER_AREA) if narrow else None
    hair = (np.array([0.5, 0.7, 1.0]) * rng.integers(10, 140)).astype(int).tolist()
    center, axes = (width // 2, height // 2), (width // 2 + 1, int(height * 0.55))
    cv2.ellipse(pixels, center, axes, 0, 0, 360, hair, -1, cv2.LINE_AA)
    if profile is not None:
        if rng.random() < 0.5:
            pixels[:, :narrow] = profile
        else:
            pixels[:, -narrow:] = profile


def finish(image: Image, rng: np.random.Generator) -> Image:
    """The scene as a camera gives it: with noise, and half of the time without colour."""
    noise, strength = rng.integers(0, 256, image.shape, np.uint8), rng.uniform(0, 0.1)
    image = cv2.addWeighted(image, 1.0, noise, strength, -127.5 * strength).astype(np.uint8)
    if rng.random() < 0.5:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        image = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8)
    return image
