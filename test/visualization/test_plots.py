"""Figures show the numbers that they were given."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib")

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.perception.geometry import Region
from glamor_ros.perception.people import AttentionMap
from glamor_ros.visualization.plots import (
    AttentionComparison,
    FigureFormatError,
    attention_figure,
    confusion_figure,
    require_figure_suffix,
    save_figure,
)


def test_confusion_is_divided_by_row() -> None:
    confusion = np.diag([8, 4, 2, 1, 1, 1, 0])
    confusion[0, 3] = 2
    figure = confusion_figure(confusion, "NCAER-S (test)")
    axes = figure.axes[0]
    shown = {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}
    assert shown[0, 0] == "0.80"
    assert shown[3, 0] == "0.20"
    assert shown[3, 3] == "1.00"
    assert shown[1, 0] == "0.00"
    # Nothing is known of the last class.
    assert len(shown) == 42
    assert axes.get_title() == "NCAER-S (test)"
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(EMOTIONS)
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("label", "predicted")


def make_comparison(title: str) -> AttentionComparison:
    image = np.full((60, 80, 3), (200, 40, 10), np.uint8)
    masked = image.copy()
    masked[:20, :20] = 0
    weights = np.zeros((7, 7), np.float32)
    weights[0, 0] = 1
    maps = [
        AttentionMap(weights, Region(0, 0, 70, 60)),
        AttentionMap(weights.T, Region(5, 0, 70, 60)),
    ]
    return AttentionComparison(title, image, masked, maps, ["Happy 80%", "Sad 51%"])


def test_attention_figure_has_a_row_a_face_and_a_column_a_model() -> None:
    comparisons = [make_comparison("one.png"), make_comparison("two.png")]
    axes = attention_figure(comparisons, ["model A", "model B"]).axes
    assert len(axes) == 8
    assert [one.get_title() for one in axes[:4]] == ["image", "face hidden", "model A", "model B"]
    assert [one.get_xlabel() for one in axes[4:]] == ["two.png", "", "Happy 80%", "Sad 51%"]
    image = np.asarray(axes[0].images[0].get_array())
    assert image[30, 40].tolist() == [10, 40, 200]  # RGB
    assert not np.array_equal(np.asarray(axes[2].images[0].get_array()), image)


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_saved(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"figure{suffix}"
    save_figure(confusion_figure(np.eye(7, dtype=np.int64), "title"), path)
    if suffix == ".png":
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.std() > 10
    else:
        assert path.read_bytes().startswith(b"%PDF")


def test_formats_that_cannot_be_written_are_refused_before() -> None:
    with pytest.raises(FigureFormatError, match=r"ends in one of .* \.png"):
        require_figure_suffix(Path("figure.docx"))
