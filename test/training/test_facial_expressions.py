"""Folders with labels.csv, and splits by who is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from glamor_ros.training.data.facial_expressions import read_facial_expressions
from glamor_ros.training.data.identity_split import split_by_identity
from glamor_ros.training.data.samples import DatasetError, SettingsError

from .made_images import write_image, write_text


def test_samples_come_with_their_identities(tmp_path: Path) -> None:
    for image in ("Anger/x_1.jpg", "Happy/x_2.jpg", "Happy/y_1.jpg", "Happy/nobody.jpg"):
        write_image(tmp_path / "images" / image)
    labels = (
        "emotion,image,identity\nHappy,x_2.jpg,x\nAnger,x_1.jpg,x\nHappy,y_1.jpg,y\n"
        "Sad,y_1.jpg,y\nBored,z.jpg,z\nSad,,z\n"
    )
    write_text(tmp_path / "labels.csv", labels)
    found = read_facial_expressions(tmp_path)
    assert [(s.image.name, s.label) for s in found.sample_set.samples] == [
        ("x_1.jpg", 0),
        ("x_2.jpg", 3),
        ("y_1.jpg", 3),
    ]
    assert found.identities == ("x", "x", "y")
    reasons = [str(one) for one in found.sample_set.skipped]
    assert len(reasons) == 4
    assert "labels.csv:6: 'Bored' is none" in reasons[0]
    assert "labels.csv:7: the image or the identity is empty" in reasons[1]
    assert "nobody.jpg: has no line in labels.csv" in reasons[2]
    assert "labels.csv: there is no image Sad/y_1.jpg" in reasons[3]


def test_labels_file_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no .*labels.csv; it must have the columns emotion"):
        read_facial_expressions(tmp_path)
    write_text(tmp_path / "labels.csv", "emotion,image\n")
    with pytest.raises(DatasetError, match="lacks the columns identity"):
        read_facial_expressions(tmp_path)


def test_a_labels_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(
        "emotion,image,identity\nSad,a.jpg,Zoë\n".encode("utf-16")
    )
    with pytest.raises(DatasetError, match=r"labels\.csv is no CSV text in UTF-8"):
        read_facial_expressions(tmp_path)


def unbalanced(people: int = 300) -> tuple[np.ndarray, list[str]]:
    """As in the real data: most people have one image, a few have hundreds; rare classes."""
    generator = np.random.default_rng(0)
    sizes = np.minimum(generator.zipf(1.8, people), 200)
    identities = [f"person{i}" for i, size in enumerate(sizes) for _ in range(size)]
    odds = [0.02, 0.012, 0.01, 0.42, 0.488, 0.02, 0.03]
    return generator.choice(7, len(identities), p=odds), identities


def test_nobody_is_in_two_splits_and_every_class_is_shared_out() -> None:
    labels, identities = unbalanced()
    splits = split_by_identity(labels, identities, (0.7, 0.1, 0.2), seed=3)
    assert np.array_equal(np.sort(np.concatenate(splits)), np.arange(len(labels)))
    people = [{identities[i] for i in split} for split in splits]
    assert sum(map(len, people)) == len(set(identities))
    totals = np.bincount(labels, minlength=7)
    for split, fraction in zip(splits, (0.7, 0.1, 0.2), strict=True):
        counts = np.bincount(labels[split], minlength=7)
        assert abs(len(split) / len(labels) - fraction) < 0.03
        # To within two samples, or a tenth of the class.
        assert (abs(counts - fraction * totals) <= np.maximum(2, 0.1 * totals)).all()


def test_splits_depend_on_the_seed_alone() -> None:
    labels, identities = unbalanced()
    first, again, other = (
        split_by_identity(labels, identities, (0.8, 0.2), seed=seed)[1] for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("fractions", [(1.0,), (0.5, 0.6), (1.2, -0.2)])
def test_fractions_that_are_none(fractions: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match="fractions"):
        split_by_identity([0, 1], ["a", "b"], fractions, seed=0)


def test_too_few_people() -> None:
    with pytest.raises(SettingsError, match="1 identities cannot make 2 splits"):
        split_by_identity([0, 1], ["a", "a"], (0.5, 0.5), seed=0)
    with pytest.raises(ValueError, match="2 labels, but 1 identities"):
        split_by_identity([0, 1], ["a"], (0.5, 0.5), seed=0)
