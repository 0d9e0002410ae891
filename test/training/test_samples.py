"""Class names, labels and what a dataset says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.training.data.samples import (
    DatasetError,
    Sample,
    SampleSet,
    Skipped,
    emotion_index,
    one_hot,
    require_samples,
)


@pytest.mark.parametrize(
    ("spelling", "emotion"),
    [
        ("Angry", "Anger"),
        ("anger", "Anger"),
        ("DISGUST", "Disgust"),
        ("Fear", "Fear"),
        ("Happiness", "Happy"),
        (" happy ", "Happy"),
        ("Neutral", "Neutral"),
        ("Sadness", "Sad"),
        ("sad", "Sad"),
        ("Surprise", "Surprise"),
    ],
)
def test_spellings_of_the_classes(spelling: str, emotion: str) -> None:
    index = emotion_index(spelling)
    assert index is not None
    assert EMOTIONS[index] == emotion


@pytest.mark.parametrize("name", ["Contempt", "", "images", "Happy2"])
def test_other_names_are_no_class(name: str) -> None:
    assert emotion_index(name) is None


def test_label_is_the_most_probable_class() -> None:
    assert Sample(Path("a"), None, (0.1, 0, 0, 0.2, 0, 0.7, 0)).label == 5
    assert Sample(Path("a"), None, (0, 0.5, 0, 0.5, 0, 0, 0)).label == 1
    assert [Sample(Path("a"), None, one_hot(i)).label for i in range(7)] == list(range(7))


@pytest.mark.parametrize(
    ("distribution", "message"),
    [
        ((1.0,), "1 values"),
        ((0.5, 0.4, 0, 0, 0, 0, 0), "sum to 1"),
        ((1.5, -0.5, 0, 0, 0, 0, 0), "not positive"),
        ((float("nan"), 1, 0, 0, 0, 0, 0), "not positive"),
    ],
)
def test_distributions_that_are_none(distribution: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sample(Path("a.png"), None, distribution)


def test_summary_counts_classes_and_lists_what_was_left_out() -> None:
    samples = tuple(Sample(Path("a"), None, one_hot(i)) for i in (3, 3, 0))
    skipped = tuple(Skipped(f"file{i}", "is bad") for i in range(7))
    summary = SampleSet(samples, skipped).summary(shown=2)
    assert "3 samples (Anger 1, Disgust 0, Fear 0, Happy 2" in summary
    assert "3 without a face box" in summary
    assert "7 left out:\n  file0: is bad\n  file1: is bad\n  and 5 more" in summary


def test_nothing_left_says_why() -> None:
    with pytest.raises(DatasetError, match=r"here gives no sample: file0: is bad"):
        require_samples([], [Skipped("file0", "is bad")], "here")
    with pytest.raises(DatasetError, match="it holds no image"):
        require_samples([], [], "here")
