"""FER+ archives: their votes become distributions, and other archives are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.training.data.ferplus import load_ferplus
from glamor_ros.training.data.samples import DatasetError

COLUMNS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
COLUMNS += ["contempt", "unknown", "not_a_face"]


def test_ferplus_keeps_faces_of_the_seven_emotions_and_orders_their_votes(tmp_path: Path) -> None:
    votes = np.zeros((4, 10), np.uint8)
    votes[0, [0, 3]] = 3, 7  # sad
    votes[1, [7, 1]] = 6, 4  # contempt
    votes[2, [1, 6]] = 9, 1  # happy, with a single vote for fear
    votes[3, 9] = 10  # not a face
    path = tmp_path / "faces.npz"
    np.savez(path, images=np.zeros((4, 48, 48), np.uint8), votes=votes, vote_columns=COLUMNS)

    faces = load_ferplus(path)
    assert [EMOTIONS[label] for label in faces.labels] == ["Sad", "Happy"]
    assert faces.distributions[0] == pytest.approx([0, 0, 0, 0, 0.3, 0.7, 0])
    assert faces.distributions[1] == pytest.approx([0, 0, 0.1, 0.9, 0, 0, 0])
    assert load_ferplus(path, ignore_single_votes=True).distributions[1, 3] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"votes": None, "vote_columns": None}, r"faces\.npz lacks vote_columns, votes: a FER\+"),
        ({"votes": np.zeros((4, 10))}, r"votes is float64 \(4, 10\); .* make or fetch it again"),
        ({"votes": np.zeros((4, 9), np.uint8)}, r"votes is uint8 \(4, 9\)"),
        ({"images": np.zeros((3, 48, 48), np.uint8)}, r"images is uint8 \(3, 48, 48\)"),
        ({"images": np.full((4, 48, 48), "x")}, r"images is <U1"),
        ({"vote_columns": np.arange(10)}, "vote_columns lacks anger, disgust"),
        ({"votes": np.zeros((4, 10), np.uint8)}, "holds no face with one of Anger"),
        ({"votes": np.array({})}, r"cannot be read: .*allow_pickle"),
    ],
)
def test_other_archives_are_refused(
    tmp_path: Path, changes: dict[str, np.ndarray | None], message: str
) -> None:
    arrays = {
        "images": np.zeros((4, 48, 48), np.uint8),
        "votes": np.ones((4, 10), np.uint8),
        "vote_columns": np.array(COLUMNS),
    } | changes
    path = tmp_path / "faces.npz"
    chosen: dict[str, Any] = {name: array for name, array in arrays.items() if array is not None}
    np.savez(path, **chosen)
    with pytest.raises(DatasetError, match=message) as error:
        load_ferplus(path)
    assert str(path) in str(error.value)


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    with pytest.raises(DatasetError, match=r"there is no .*faces\.npz; a FER\+ archive holds"):
        load_ferplus(path)
    noise = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)
    np.savez_compressed(path, images=noise, votes=np.ones((4, 10), np.uint8), vote_columns=COLUMNS)
    whole = path.read_bytes()
    assert len(load_ferplus(path)) == 4
    for content in (b"", whole[: len(whole) // 2], whole[:200] + bytes(50) + whole[250:]):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="cannot be read"):
            load_ferplus(path)
