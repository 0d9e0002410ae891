"""NCAER-S from small videos: every image is the frame that the list says."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from glamor_ros.media.pictures import BgrImage, MediaError, read_picture, write_picture
from glamor_ros.training.data import ncaers
from glamor_ros.training.data.caer import read_caer
from glamor_ros.training.data.caer_videos import (
    VideoLength,
    list_videos,
    measure,
    read_frames,
    without_copies,
)
from glamor_ros.training.data.ncaers import build_ncaers
from glamor_ros.training.data.ncaers_plan import PlanSettings
from glamor_ros.training.data.samples import DatasetError

from .made_images import break_off, frame_number, write_text, write_video

SETTINGS = PlanSettings(seed=1, max_imbalance=100)


@pytest.fixture
def caer(tmp_path: Path) -> Path:
    """Ten frames a second: 6 s, 4 s and 2 s."""
    root = tmp_path / "caer"
    write_video(root / "train/Angry/0001.avi", 60, seed=1)
    write_video(root / "train/Happy/0001.avi", 40, seed=2)
    write_video(root / "validation/Happy/0001.avi", 20, seed=3)
    write_video(root / "test/Sad/0001.avi", 40, seed=4)
    return root


def images(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.glob("images/*/*/*"))}


def listed(out: Path) -> list[dict[str, str]]:
    with (out / "frames.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_image_is_the_frame_that_the_list_says(caer: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = build_ncaers(caer, out, SETTINGS)
    assert report.images == 8
    assert (report.kept, report.left_out) == (0, ())
    assert {split: sum(c.values()) for split, c in report.counts.items()} == {
        "train": 5,
        "validation": 1,
        "test": 2,
    }
    rows = listed(out)
    assert sorted(row["image"] for row in rows) == sorted(images(out))
    for row in rows:
        image = read_picture(out / row["image"])
        assert frame_number(image) == int(row["frame"])
        # The first pixel holds the video's own number.
        seed = {"train/Angry": 1, "train/Happy": 2, "validation/Happy": 3, "test/Sad": 4}
        assert image[0, 0, 0] == seed[str(Path(row["video"]).parent)]
        assert 20 * int(row["part"]) <= int(row["frame"]) < 20 * (int(row["part"]) + 1)
        assert float(row["time_s"]) == int(row["frame"]) / 10


def test_the_result_is_read_as_ncaers(caer: Path, tmp_path: Path) -> None:
    build_ncaers(caer, tmp_path / "out", SETTINGS)
    found = read_caer(tmp_path / "out", "train")
    assert found.class_counts["Anger"] == 3
    assert found.class_counts["Happy"] == 2
    assert found.skipped == ()


def test_reproducible_wherever_and_with_any_number_of_workers(caer: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    for path in sorted(caer.rglob("*.avi"), reverse=True):
        (copy / path.relative_to(caer)).parent.mkdir(parents=True)
        shutil.copyfile(path, copy / path.relative_to(caer))
    build_ncaers(caer, tmp_path / "a", SETTINGS, workers=1)
    build_ncaers(copy, tmp_path / "b", SETTINGS, workers=3)
    assert images(tmp_path / "a") == images(tmp_path / "b")
    assert listed(tmp_path / "a") == listed(tmp_path / "b")
    build_ncaers(caer, tmp_path / "c", PlanSettings(seed=2, max_imbalance=100))
    assert images(tmp_path / "c").keys() != images(tmp_path / "a").keys()


def test_a_training_video_is_in_no_other_split(caer: Path, tmp_path: Path) -> None:
    for other in ("validation/Happy/0007.avi", "test/Fear/0009.avi"):
        (caer / other).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(caer / "train/Angry/0001.avi", caer / other)
    report = build_ncaers(caer, tmp_path / "out", SETTINGS)
    assert report.images == 8
    assert sorted(str(one) for one in report.left_out) == sorted(
        f"{caer / copy}: is the same video as {caer / 'train/Angry/0001.avi'}"
        for copy in ("validation/Happy/0007.avi", "test/Fear/0009.avi")
    )
    assert not (tmp_path / "out/images/test/Fear").exists()


def test_what_cannot_be_used_is_listed(caer: Path, tmp_path: Path) -> None:
    write_text(caer / "train/Sad/0001.avi", "no video")
    write_text(caer / "train/Sad/0002.avi", "")
    write_text(caer / "train/Sad/readme.txt", "hello")
    write_video(caer / "train/Contempt/0001.avi", 5, seed=9)
    write_video(caer / "train/Happy/0001.mkv", 5, seed=8)
    out = tmp_path / "out"
    report = build_ncaers(caer, out, SETTINGS)
    assert report.images == 8
    with (out / "left_out.csv").open(newline="") as file:
        reasons = {
            str(Path(row["file"]).relative_to(caer)): row["reason"] for row in csv.DictReader(file)
        }
    assert reasons == {
        "train/Contempt/0001.avi": "lies in no folder of the seven classes",
        "train/Happy/0001.mkv": f"has the name of {caer / 'train/Happy/0001.avi'}",
        "train/Sad/0001.avi": "is damaged, or no video that OpenCV can open",
        "train/Sad/0002.avi": "is damaged, or no video that OpenCV can open",
        "train/Sad/readme.txt": "is no video by its name",
    }


def test_a_video_that_breaks_off_gives_the_frames_that_it_has(caer: Path, tmp_path: Path) -> None:
    break_off(caer / "train/Angry/0001.avi", 0.8)
    frames = measure(caer / "train/Angry/0001.avi").frames
    assert 20 < frames < 60
    report = build_ncaers(caer, tmp_path / "out", SETTINGS)
    assert report.counts["train"]["Anger"] == max(round(frames / 20), 1)
    assert all(int(r["frame"]) < frames for r in listed(tmp_path / "out") if r["label"] == "Anger")


def test_a_build_goes_on_where_it_was(
    caer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_ncaers(caer, tmp_path / "undisturbed", SETTINGS)
    out = tmp_path / "out"
    written: list[Path] = []

    def write_three(path: Path, picture: BgrImage) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(path)
        write_picture(path, picture)

    monkeypatch.setattr(ncaers, "write_picture", write_three)
    with pytest.raises(KeyboardInterrupt):
        build_ncaers(caer, out, SETTINGS)
    monkeypatch.undo()
    assert len(images(out)) == 3
    monkeypatch.setattr(ncaers, "measure", lambda path: pytest.fail(f"measured {path} again"))
    progress: list[tuple[int, int]] = []
    report = build_ncaers(
        caer, out, SETTINGS, on_extracted=lambda done, total: progress.append((done, total))
    )
    assert (report.images, report.kept) == (8, 3)
    assert progress[0] == (3, 8)
    assert progress[-1] == (8, 8)
    assert images(out) == images(tmp_path / "undisturbed")
    assert listed(out) == listed(tmp_path / "undisturbed")


def test_a_frame_that_cannot_be_read_later_is_listed(
    caer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ncaers,
        "measure",
        lambda path: VideoLength(80, 10.0) if "Angry" in str(path) else measure(path),
    )
    report = build_ncaers(caer, tmp_path / "out", SETTINGS)
    assert report.counts["train"]["Anger"] == 3
    (lost,) = report.left_out
    assert "0001.avi: breaks off at frame 60 (frame " in str(lost)
    assert len(listed(tmp_path / "out")) == report.images == 8


def test_another_build_is_not_mixed_in(caer: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_ncaers(caer, out, SETTINGS)
    before = images(out)
    with pytest.raises(DatasetError, match="a build of other videos or with other settings"):
        build_ncaers(caer, out, PlanSettings(seed=2))
    write_video(caer / "train/Fear/0001.avi", 20, seed=7)
    with pytest.raises(DatasetError, match="give another folder"):
        build_ncaers(caer, out, SETTINGS)
    assert images(out) == before


def test_folders_without_videos(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no video in .*expected <split>/<Class>"):
        build_ncaers(tmp_path, tmp_path / "out", SETTINGS)
    write_text(tmp_path / "train/Sad/0001.avi", "no video")
    with pytest.raises(DatasetError, match=r"no frame of the videos .* can be used"):
        build_ncaers(tmp_path, tmp_path / "out", SETTINGS)


def test_videos_in_deeper_folders_have_names_of_their_own(tmp_path: Path) -> None:
    for show in ("friends", "house"):
        write_video(tmp_path / f"train/Happy/{show}/0001.avi", 3, seed=len(show))
    videos, skipped = list_videos(tmp_path)
    assert [video.name for video in videos] == ["friends__0001", "house__0001"]
    assert skipped == []
    assert without_copies(videos) == (videos, [])


def test_frames_are_counted_from_the_start(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", 30)
    assert measure(path) == VideoLength(30, 10.0)
    found = {number: frame_number(image) for number, image in read_frames(path, [29, 0, 17])}
    assert found == {0: 0, 17: 17, 29: 29}
    with pytest.raises(MediaError, match="breaks off at frame 30"):
        list(read_frames(path, [3, 30]))
