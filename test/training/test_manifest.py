"""Manifests in every form that is read, and the line numbers of what cannot be."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from glamor_ros.perception.geometry import Box
from glamor_ros.training.data.manifest import ManifestError, read_manifest

from .made_images import write_image, write_text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "sub/b.png"):
        write_image(tmp_path / name)
    return tmp_path


def test_csv_with_labels_and_boxes(folder: Path) -> None:
    text = (
        "image,left,top,right,bottom,label,comment\n"
        "a.png,1,2,30.5,40,happiness,x\n"
        "sub/b.png,,,,,SAD,\n"
        "a.png,0,0,0,0,anger,\n"
    )
    found = read_manifest(write_text(folder / "list.csv", text))
    assert [(s.image, s.box, s.label) for s in found.samples] == [
        (folder / "a.png", Box(1, 2, 30.5, 40), 3),
        (folder / "sub/b.png", None, 5),
        (folder / "a.png", None, 0),
    ]
    assert found.skipped == ()


def test_csv_with_corner_columns_votes_and_a_byte_order_mark(folder: Path) -> None:
    text = (
        "\ufeffx1, y1, x2, y2, Image, Angry, Disgust, Fear, Happy, Neutral, Sadness, Surprise\n"
        "1, 2, 3, 4, a.png, 1, 0, 0, 3, 0, 0, 0\n"
    )
    (sample,) = read_manifest(write_text(folder / "list.csv", text)).samples
    assert sample.box == Box(1, 2, 3, 4)
    assert sample.distribution == (0.25, 0, 0, 0.75, 0, 0, 0)


def test_json_lines(folder: Path) -> None:
    others = dict(Anger=0, Disgust=0, Fear=0, Neutral=0, Surprise=0)
    votes = {"Sad": 0.5, "Happy": 1.5, **others}
    lines = [
        {"image": "a.png", "box": [1, 2, 3, 4], "label": "Fear"},
        {"image": "a.png", "x1": 5, "y1": 6, "x2": 7, "y2": 8, "label": "Fear"},
        {"image": str(folder / "sub/b.png"), "box": None, "distribution": votes},
    ]
    text = "\n\n".join(json.dumps(line) for line in lines)
    found = read_manifest(write_text(folder / "list.jsonl", text))
    assert [s.box for s in found.samples] == [Box(1, 2, 3, 4), Box(5, 6, 7, 8), None]
    assert found.samples[2].distribution == (0, 0, 0, 0.75, 0, 0.25, 0)


BAD_CSV_LINES = {
    "absent.png,1,2,3,4,Happy": "there is no image",
    ",1,2,3,4,Happy": "'image' is missing or empty",
    "a.png,1,2,3,4,Contempt": "the label 'Contempt' is none of Anger",
    "a.png,1,2,3,4,": "neither a label nor a distribution",
    "a.png,1,2,three,4,Happy": "right is 'three', expected a number",
    "a.png,1,2,,4,Happy": "right is '', expected a number",
    "a.png,1,2,nan,4,Happy": "right is 'nan', expected a number",
    "a.png,9,2,3,4,Happy": "the box 9,2,3,4 is empty",
    "a.png,1,2,3,4,Happy,extra": "more values than the header",
    "a.png,1,2,3": "bottom is None, expected a number",
}


def test_bad_csv_lines_are_listed_with_their_numbers(folder: Path) -> None:
    lines = ["image,left,top,right,bottom,label", *BAD_CSV_LINES, "a.png,1,2,3,4,Happy"]
    path = write_text(folder / "list.csv", "\n".join(lines))
    found = read_manifest(path)
    assert len(found) == 1
    assert [one.where for one in found.skipped] == [f"{path}:{2 + i}" for i in range(10)]
    for one, message in zip(found.skipped, BAD_CSV_LINES.values(), strict=True):
        assert message in one.reason


BAD_JSON_LINES = {
    "{": "is no JSON",
    "[1]": "is no JSON object",
    '{"image": 3, "label": "Happy"}': "'image' is missing or empty",
    '{"image": "a.png", "label": "Happy", "box": [1, 2, 3]}': "box is [1, 2, 3], expected",
    '{"image": "a.png", "label": "Happy", "box": [1, 2, true, 4]}': "box is True",
    '{"image": "a.png", "distribution": [1]}': "must be an object",
    '{"image": "a.png", "distribution": {"Happy": 1}}': "Anger is None, expected a number",
    '{"image": "a.png", "Anger": -1, "Disgust": 2, "Fear": 0, "Happy": 0, "Neutral": 0, "Sad": 0,'
    ' "Surprise": 0}': "must be positive",
}


def test_bad_json_lines_are_listed_with_their_numbers(folder: Path) -> None:
    lines = [*BAD_JSON_LINES, '{"image": "a.png", "label": "Happy"}']
    path = write_text(folder / "list.jsonl", "\n".join(lines))
    found = read_manifest(path)
    assert len(found) == 1
    assert [one.where for one in found.skipped] == [f"{path}:{1 + i}" for i in range(8)]
    for one, message in zip(found.skipped, BAD_JSON_LINES.values(), strict=True):
        assert message in one.reason


@pytest.mark.parametrize(
    ("digits", "problem"),
    [(400, "left is 1000.*, expected a number"), (5000, "is no JSON|expected a number")],
)
def test_numbers_without_bounds_are_listed(folder: Path, digits: int, problem: str) -> None:
    huge = '{"image": "a.png", "label": "Sad", "top": 0, "right": 1, "bottom": 1, "left": 1'
    lines = [huge + "0" * digits + "}", '{"image": "a.png", "label": "Happy"}']
    found = read_manifest(write_text(folder / "list.jsonl", "\n".join(lines)))
    assert len(found) == 1
    assert re.search(problem, str(found.skipped[0]))


def test_manifests_that_cannot_be_used(folder: Path) -> None:
    with pytest.raises(ManifestError, match=r"no manifest .*absent\.csv"):
        read_manifest(folder / "absent.csv")
    with pytest.raises(ManifestError, match=r"must end in \.csv or \.jsonl"):
        read_manifest(write_text(folder / "list.txt", ""))
    with pytest.raises(ManifestError, match=r"list\.csv:1: the header has no column 'image'"):
        read_manifest(write_text(folder / "list.csv", "file,label\na.png,Happy\n"))
    with pytest.raises(ManifestError, match="neither a column 'label'"):
        read_manifest(write_text(folder / "list.csv", "image\na.png\n"))
    with pytest.raises(ManifestError, match=r"gives no sample: .*list\.csv:2: there is no image"):
        read_manifest(write_text(folder / "list.csv", "image,label\nx.png,Happy\n"))
    (folder / "list.csv").write_bytes(b"image,label\n\xff\xfe,Happy\n")
    with pytest.raises(ManifestError, match="UTF-8"):
        read_manifest(folder / "list.csv")
