"""Predictions come back from disk as they were, and only what fits is set side by side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from glamor_ros.training.evaluation.predictions import (
    Predictions,
    PredictionsError,
    load_predictions,
    save_predictions,
    unique_names,
)

from .made_predictions import made_predictions


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    made = made_predictions(20)
    original = Predictions(made.names, made.labels, made.probabilities, {"weights": "größe"})
    path = tmp_path / "new_folder" / f"predictions{suffix}"
    save_predictions(original, path)
    loaded = load_predictions(path)
    assert list(loaded.names) == list(original.names)
    np.testing.assert_array_equal(loaded.labels, original.labels)
    np.testing.assert_array_equal(loaded.probabilities, original.probabilities)
    assert loaded.metadata == {"weights": "größe"}


def test_aligned_by_name() -> None:
    made = made_predictions(50)
    order = np.random.default_rng(0).permutation(50)
    shuffled = Predictions(
        [made.names[i] for i in order], made.labels[order], made.probabilities[order]
    )
    aligned = shuffled.in_order_of(made)
    np.testing.assert_array_equal(aligned.probabilities, made.probabilities)


def test_other_samples_or_labels_are_not_compared() -> None:
    ten, eleven = made_predictions(10), made_predictions(11)
    with pytest.raises(PredictionsError, match=r"1 are only in one .*test/0010\.png"):
        eleven.in_order_of(ten)
    other_labels = Predictions(ten.names, (ten.labels + 1) % 7, ten.probabilities)
    with pytest.raises(PredictionsError, match="labels of 10 samples differ"):
        other_labels.in_order_of(ten)


def test_values_that_cannot_be() -> None:
    made = made_predictions(3)
    with pytest.raises(PredictionsError, match="sum to 1"):
        Predictions(made.names, made.labels, made.probabilities * np.float32(np.nan))
    with pytest.raises(PredictionsError, match="sum to 1"):
        Predictions(made.names, made.labels, made.probabilities * 2)
    with pytest.raises(PredictionsError, match="labels must be 0 to 6"):
        Predictions(made.names, made.labels + 7, made.probabilities)
    with pytest.raises(PredictionsError, match=r"'a' is there more than once"):
        Predictions(["a", "b", "a"], made.labels, made.probabilities)
    with pytest.raises(PredictionsError, match=r"shape \(2, 7\)"):
        Predictions(["a", "b"], made.labels, made.probabilities)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("p.json", b"{", "holds no predictions"),
        ("p.json", b"[]", "no JSON object"),
        ("p.json", b"{}", "lacks classes, labels, names, probabilities"),
        ("p.npz", b"PK\x03\x04 torn", "holds no predictions"),
        ("p.npz", b"", "holds no predictions"),
        ("p.csv", b"", r"\.npz or \.json"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PredictionsError, match=reason) as error:
        load_predictions(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["p.npz", "p.json"])
def test_truncated_files_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    save_predictions(made_predictions(9), path)
    whole = path.read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        with pytest.raises(PredictionsError, match=r"holds no predictions .* writes them anew"):
            load_predictions(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("names", 5), ("labels", ["x"] * 3), ("labels", [1 << 70] * 3), ("metadata", [])],
)
def test_fields_of_another_type_are_refused(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "p.json"
    save_predictions(made_predictions(3), path)
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps(content | {field: value}))
    with pytest.raises(PredictionsError, match=r"p\.json holds no predictions"):
        load_predictions(path)


def test_pickles_and_single_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "pickled.npz", names=np.array([{}], dtype=object))
    with pytest.raises(PredictionsError, match="allow_pickle"):
        load_predictions(tmp_path / "pickled.npz")
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    with pytest.raises(PredictionsError, match="one array"):
        load_predictions(tmp_path / "array.npz")


def test_other_classes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    save_predictions(made_predictions(2), path)
    content = json.loads(path.read_bytes())
    content["classes"].reverse()
    path.write_text(json.dumps(content))
    with pytest.raises(PredictionsError, match="of the classes Surprise, Sad"):
        load_predictions(path)


def test_a_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(PredictionsError, match="glamor-ros evaluate"):
        load_predictions(tmp_path / "absent.npz")


def test_faces_of_one_image_are_told_apart() -> None:
    assert unique_names(["b", "a", "b", "b"]) == ["b", "a", "b#2", "b#3"]
