"""Figures of evaluations, drawn with matplotlib's Agg renderer, which needs no display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..errors import GlamorError
from ..network.emotions import EMOTIONS
from ..perception.people import AttentionMap
from .attention import draw_attention

_DOTS_PER_INCH = 150
_TILE_INCHES = 2.4
_CAPTION_INCHES = 0.3
_LEAST_COVERAGE = 0.02


def confusion_figure(confusion: NDArray[np.int64], title: str) -> Figure:
    """A confusion matrix in the manner of the paper's Figs. 7 and 8.

    Rows are labels; each is divided by its sum, so that the diagonal is the accuracy of each class.
    The row of a class without samples stays empty.

    Args:
        confusion: Counts, (7, 7).
        title: The heading.
    """
    sums = confusion.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        shares = confusion / sums
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(picture, ax=axes, fraction=0.046)
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=45, ha="right")
    axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    axes.set_xlabel("predicted")
    axes.set_ylabel("label")
    axes.set_title(title)
    for (row, column), share in np.ndenumerate(shares):
        if np.isfinite(share):
            color = "white" if share > 0.5 else "black"
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", color=color)
    return figure


@dataclass(frozen=True)
class AttentionComparison:
    """One person in one image, as several models see it.

    Attributes:
        title: The name of the row.
        image_bgr: (H, W, 3), uint8.
        masked_bgr: The same image with the face hidden.
        maps: The attention map of each model.
        captions: A text for each model.
    """

    title: str
    image_bgr: NDArray[np.uint8]
    masked_bgr: NDArray[np.uint8]
    maps: Sequence[AttentionMap]
    captions: Sequence[str]


def attention_figure(comparisons: Sequence[AttentionComparison], models: Sequence[str]) -> Figure:
    """A figure in the manner of the paper's Figs. 9 and 10, with a row for each comparison.

    The columns are the image, the image with the face hidden, and the map of each model.

    Args:
        comparisons: The rows.
        models: The names of the models.
    """
    columns = 2 + len(models)
    ratios = [one.image_bgr.shape[0] / one.image_bgr.shape[1] for one in comparisons]
    height_inches = _TILE_INCHES * sum(ratios) + _CAPTION_INCHES * (len(comparisons) + 1)
    figure = Figure(figsize=(_TILE_INCHES * columns, height_inches), layout="constrained")
    FigureCanvasAgg(figure)
    all_axes = figure.subplots(
        len(comparisons), columns, squeeze=False, gridspec_kw={"height_ratios": ratios}
    )
    for axes, heading in zip(all_axes[0], ("image", "face hidden", *models), strict=True):
        axes.set_title(heading)
    for row, comparison in zip(all_axes, comparisons, strict=True):
        maps = [draw_attention(comparison.image_bgr, one) for one in comparison.maps]
        pictures = (comparison.image_bgr, comparison.masked_bgr, *maps)
        texts = (comparison.title, "", *comparison.captions)
        for axes, picture, text in zip(row, pictures, texts, strict=True):
            axes.imshow(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_xlabel(text)
    return figure


@dataclass(frozen=True)
class CoverageCurve:
    """The accuracy of a network that answers only where it is sure.

    Attributes:
        coverage: The share of samples that are answered, ascending, (M,).
        accuracy: The accuracy on these, (M,).
    """

    coverage: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def coverage_figure(curves: Mapping[str, CoverageCurve]) -> Figure:
    """A figure of accuracy over coverage, with a line for each curve.

    The first few samples, of which one more error moves the accuracy far, are not drawn.

    Args:
        curves: By what is said of them in the legend.
    """
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name, curve in curves.items():
        drawn = curve.coverage >= _LEAST_COVERAGE
        axes.plot(curve.coverage[drawn], curve.accuracy[drawn], label=name)
    axes.set_xlim(0, 1)
    axes.set_ylim(top=1)
    axes.set_xlabel("share of faces that are answered, the surest first")
    axes.set_ylabel("accuracy on these")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


class FigureFormatError(GlamorError, ValueError):
    """A suffix of a figure's file that stands for no format that matplotlib can write."""


def require_figure_suffix(path: Path) -> None:
    """Refuse a path with a suffix that matplotlib cannot write.

    Raises:
        FigureFormatError: It has one.
    """
    known = sorted(FigureCanvasAgg.get_supported_filetypes())
    if path.suffix.lower().removeprefix(".") not in known:
        raise FigureFormatError(f"{path}: a figure's name ends in one of .{' .'.join(known)}")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the path's suffix.

    Raises:
        FigureFormatError: matplotlib cannot write this format.
        OSError: The file cannot be written.
    """
    require_figure_suffix(path)
    figure.savefig(path, dpi=_DOTS_PER_INCH)
