"""CAER-S and NCAER-S folders as their authors lay them out, and what may be wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from glamor_ros.media.pictures import MediaError, read_picture
from glamor_ros.perception.geometry import Box
from glamor_ros.training.data.caer import read_caer
from glamor_ros.training.data.samples import DatasetError

from .made_images import break_off, noise, write_image, write_text


@pytest.fixture
def ncaers(tmp_path: Path) -> Path:
    for split, name in (("train", "0001"), ("train", "0002"), ("val", "0003"), ("test", "0004")):
        write_image(tmp_path / f"images/{split}/Happy/{name}.png")
        write_text(tmp_path / f"crop/{split}/Happy/{name}.txt", "1,2,31,42")
    write_image(tmp_path / "images/train/Angry/0001.jpg")
    write_text(tmp_path / "crop/train/Angry/0001.txt", "0,0,0,0\n")
    return tmp_path


def test_ncaers_has_boxes_and_images_without_a_face(ncaers: Path) -> None:
    found = read_caer(ncaers, "train")
    assert [(s.image.parent.name, s.image.name, s.label, s.box) for s in found.samples] == [
        ("Angry", "0001.jpg", 0, None),
        ("Happy", "0001.png", 3, Box(1, 2, 31, 42)),
        ("Happy", "0002.png", 3, Box(1, 2, 31, 42)),
    ]
    assert found.skipped == ()
    assert found.without_box == 1
    assert found.class_counts == dict(
        Anger=1, Disgust=0, Fear=0, Happy=2, Neutral=0, Sad=0, Surprise=0
    )


def test_splits_go_by_their_usual_names(ncaers: Path) -> None:
    assert [s.image.name for s in read_caer(ncaers, "validation").samples] == ["0003.png"]
    assert [s.image.name for s in read_caer(ncaers, "test").samples] == ["0004.png"]
    with pytest.raises(DatasetError, match=r"unknown split 'dev'; known are train, validation"):
        read_caer(ncaers, "dev")


def test_caer_s_without_crop_files_has_no_boxes(tmp_path: Path) -> None:
    for folder in ("Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"):
        write_image(tmp_path / "train" / folder / "0001.png")
    found = read_caer(tmp_path, "train")
    assert [s.label for s in found.samples] == list(range(7))
    assert found.without_box == 7
    with pytest.raises(DatasetError, match=r"no split 'test' .*expected test/<Class>"):
        read_caer(tmp_path, "test")


def test_caer_s_with_crop_files_beside_it_or_elsewhere(tmp_path: Path) -> None:
    write_image(tmp_path / "caer/train/Sadness/0001.png")
    write_text(tmp_path / "caer/crop/train/Sadness/0001.txt", "1,1,9,9")
    write_text(tmp_path / "other/Sadness/0001.txt", "2,2,8,8")
    root = tmp_path / "caer"
    assert read_caer(root, "train").samples[0].box == Box(1, 1, 9, 9)
    assert read_caer(root, "train", tmp_path / "other").samples[0].box == Box(2, 2, 8, 8)
    with pytest.raises(DatasetError, match="extract-faces"):
        read_caer(root, "train", tmp_path / "absent")


def test_what_cannot_be_used_is_listed_not_fatal(ncaers: Path) -> None:
    images, crops = ncaers / "images/train", ncaers / "crop/train"
    broken = {
        "empty": "",
        "words": "no face",
        "three": "1,2,3",
        "turned": "30,2,10,40",
        "infinite": "0,0,inf,9",
    }
    for name, text in broken.items():
        write_image(images / f"Happy/{name}.png")
        write_text(crops / f"Happy/{name}.txt", text)
    write_image(images / "Happy/uncropped.png")
    write_image(images / "Contempt/0001.png")
    write_image(images / "loose.png")
    write_text(images / "Happy/readme.md", "hello")
    write_text(images / "Happy/.DS_Store", "")
    found = read_caer(ncaers, "train")
    assert len(found) == 3
    reasons = {Path(one.where).name: one.reason for one in found.skipped}
    assert "holds '', expected x1,y1,x2,y2" in reasons.pop("empty.png")
    assert "holds 'no face'" in reasons.pop("words.png")
    assert "holds '1,2,3'" in reasons.pop("three.png")
    assert "box 30,2,10,40 is empty" in reasons.pop("turned.png")
    assert "box 0,0,inf,9 is empty" in reasons.pop("infinite.png")
    assert "there is no crop file" in reasons.pop("uncropped.png")
    assert "'Contempt' is none of the seven classes" in reasons.pop("0001.png")
    assert reasons.pop("loose.png") == "lies in no class folder"
    assert reasons.pop("readme.md") == "is no image by its name"
    assert reasons == {}


def test_nothing_usable_is_an_error(tmp_path: Path) -> None:
    write_image(tmp_path / "train/Contempt/0001.png")
    with pytest.raises(DatasetError, match=r"gives no sample.*Contempt"):
        read_caer(tmp_path, "train")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_images_that_break_off_are_refused(tmp_path: Path, suffix: str) -> None:
    path = write_image(tmp_path / f"image{suffix}", noise())
    assert read_picture(path).shape == (60, 80, 3)
    with pytest.raises(MediaError):
        read_picture(break_off(path, 0.6))


def test_other_files_are_no_images(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="No such file"):
        read_picture(tmp_path / "absent.png")
    with pytest.raises(MediaError, match="is empty"):
        read_picture(write_text(tmp_path / "empty.png", ""))
    with pytest.raises(MediaError, match="damaged"):
        read_picture(write_text(tmp_path / "text.png", "hello"))
