"""Which kind of dataset lies at a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from glamor_ros.training.data.open_dataset import open_dataset
from glamor_ros.training.data.samples import DatasetError


@pytest.mark.parametrize(
    ("folder", "kind"), [("test/Happy", "caer_s"), ("images/test/Happy", "ncaer_s")]
)
def test_folders_by_their_layout(tmp_path: Path, folder: str, kind: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    image = tmp_path / folder / "1.png"
    image.touch()
    opened = open_dataset(tmp_path, "test")
    assert (opened.kind, opened.split, len(opened.contents)) == (kind, "test", 1)
    assert opened.name_of(str(image)) == f"{folder}/1.png"
    with pytest.raises(DatasetError, match="no split 'train'"):
        open_dataset(tmp_path, "train")


def test_a_file_is_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    manifest = tmp_path / "list.csv"
    manifest.write_text("image,label\na.png,Sad\n")
    opened = open_dataset(manifest, "test")
    assert (opened.kind, opened.split, opened.root) == ("manifest", None, tmp_path)
    assert opened.contents.samples[0].label == 5


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no dataset .*absent; give the folder of CAER-S"):
        open_dataset(tmp_path / "absent", "test")


def test_names_of_images_elsewhere_stay_whole(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "a.png").touch()
    manifest = tmp_path / "data" / "list.csv"
    manifest.write_text("image,label\n../a.png,Sad\n")
    opened = open_dataset(manifest, "test")
    name = opened.name_of(str(opened.contents.samples[0].image))
    assert name.endswith("a.png")
