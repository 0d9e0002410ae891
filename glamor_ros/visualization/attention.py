"""Attention maps placed back onto the image that they were computed for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..perception.geometry import Region
from ..perception.people import AttentionMap, Person
from .labels import Style, fit_label
from .overlay import draw_face, emotion_text
from .palette import BLACK, HEAT_COLORS, HOT_OVER_EVEN, WHITE, BgrColor, emotion_color

# Share of the heat map's colour in the picture, from no attention to the hottest.
_OPACITY = np.linspace(0.25, 0.75, 256, dtype=np.float32)[:, None, None]
# Blending is a table look-up: heat to what is added to a picture and what is left of it.
_ADDED = (HEAT_COLORS * _OPACITY).round().astype(np.uint8)
_LEFT = (255 * (1 - _OPACITY)).repeat(3, axis=2).round().astype(np.uint8)
_MAX_PANEL_WIDTH_PX = 1280
_DIMMING = 3


def attention_heat(attention: AttentionMap) -> NDArray[np.float32]:
    """The attention map at the size of its region (height, width), interpolated, in [0, 1]."""
    region, weights = attention.region, attention.weights
    hottest = max(float(weights.max()), HOT_OVER_EVEN / weights.size)
    heat = cv2.resize(
        (weights / hottest).astype(np.float32),
        (region.width, region.height),
        interpolation=cv2.INTER_LINEAR,
    )
    return heat.astype(np.float32, copy=False)


def draw_attention(
    image_bgr: NDArray[np.uint8], attention: AttentionMap | Person
) -> NDArray[np.uint8]:
    """A copy of the image with the attention blended over its region as a heat map.

    The region is outlined just inside; around it the image is unchanged. Nothing is drawn for a
    person of whom the network has no map.

    Args:
        image_bgr: (H, W, 3), uint8.
        attention: The map, or the person whose map is drawn.
    """
    shown = attention.attention if isinstance(attention, Person) else attention
    picture = image_bgr.copy()
    if shown is None or shown.region.is_empty:
        return picture
    region = shown.region
    heat = cv2.convertScaleAbs(attention_heat(shown), alpha=255)
    covered = picture[region.y : region.y + region.height, region.x : region.x + region.width]
    covered[:] = cv2.multiply(covered, cv2.applyColorMap(heat, _LEFT), scale=1 / 255)
    covered += cv2.applyColorMap(heat, _ADDED)
    cv2.rectangle(covered, (0, 0, region.width, region.height), WHITE, 1)
    return picture


def attention_panel(
    image_bgr: NDArray[np.uint8],
    people: Sequence[Person],
    *,
    rows: int | None = None,
    columns: int | None = None,
    tile_width_px: int | None = None,
) -> NDArray[np.uint8]:
    """A tile for each person who is seen: the last attention, the face's outline and a caption.

    Tiles have the aspect ratio of the image. Places without a tile show the image, dimmed; with
    nobody to show, the first place says so.

    Args:
        image_bgr: (H, W, 3), uint8.
        people: The people in it.
        rows: Rows of tiles; by default as many as are needed.
        columns: Tiles in a row; by default those of a square, so that two tiles are beside each
            other and four are two by two.
        tile_width_px: The width of a tile; by default that of the image, or less where the panel
            would be wider than 1280.
    """
    shown = [
        person
        for person in people
        if person.evaluated or (person.estimate is not None and not person.missed)
    ]
    columns = columns or math.ceil(math.sqrt(max(len(shown), 1)))
    height, width = image_bgr.shape[:2]
    tile_width = tile_width_px or min(width, max(_MAX_PANEL_WIDTH_PX // columns, 1))
    tile_height = max(round(height * tile_width / width), 1)
    # Averaging over areas is slow where it does not halve the sides, nor is it needed there.
    interpolation = cv2.INTER_AREA if width >= 2 * tile_width else cv2.INTER_LINEAR
    resized = cv2.resize(image_bgr, (tile_width, tile_height), interpolation=interpolation)
    shrunk = resized.astype(np.uint8, copy=False)
    tiles = [_tile(shrunk, person, width, height) for person in shown]
    if not tiles:
        tiles = [shrunk.copy()]
        _draw_caption(tiles[0], [("no attention map",)], BLACK)
    rows = rows or math.ceil(len(tiles) / columns)
    panel = np.tile(shrunk // _DIMMING, (rows, min(columns, len(tiles)), 1))
    for index, tile in enumerate(tiles):
        y, x = index // columns * tile_height, index % columns * tile_width
        panel[y : y + tile_height, x : x + tile_width] = tile
    return panel


def _tile(
    image_bgr: NDArray[np.uint8], person: Person, source_width: int, source_height: int
) -> NDArray[np.uint8]:
    """One tile; image_bgr is the source image, shrunk to the tile's size."""
    height, width = image_bgr.shape[:2]

    def shrunk(region: Region) -> Region:
        left, right = (round(x * width / source_width) for x in (region.x, region.x + region.width))
        top, bottom = (
            round(y * height / source_height) for y in (region.y, region.y + region.height)
        )
        return Region(left, top, right - left, bottom - top)

    tile = image_bgr.copy()
    if (attention := person.attention) is not None:
        tile = draw_attention(image_bgr, AttentionMap(attention.weights, shrunk(attention.region)))
    draw_face(tile, replace(person, face=shrunk(person.face)), Style.for_picture(width, height))
    _draw_caption(tile, _captions(person), emotion_color(person.emotion))
    return tile


def _captions(person: Person) -> list[tuple[str, ...]]:
    who = f"{person.person_id}  {emotion_text(person)}"
    if (estimate := person.estimate) is None:
        return [(who,)]
    face = f"face {estimate.face_weight:.0%}"
    context = f"context {estimate.context_weight:.0%}"
    return [(f"{who}   {face}  {context}",), (who, f"{face}  {context}"), (who,)]


def _draw_caption(
    tile: NDArray[np.uint8], wordings: Sequence[tuple[str, ...]], ground: BgrColor
) -> None:
    """Write the first wording that fits in the lower left corner of the tile."""
    height, width = tile.shape[:2]
    label = fit_label(wordings, Style.for_picture(width, height), width, height)
    label_height = min(label.height, height)
    region = Region(0, height - label_height, min(label.width, width), label_height)
    label.draw(tile, region, ground)
