from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from glamor_ros.cli.main import app
from glamor_ros.cli.predict.picture_output import frame_with_attention, picture_with_attention
from glamor_ros.media.videos import VideoReader, VideoWriter
from glamor_ros.network.emotions import EMOTIONS
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.perception.frame import Frame, Scene
from glamor_ros.perception.geometry import Box, Region
from glamor_ros.perception.people import AttentionMap, EmotionEstimate, Person
from glamor_ros.perception.recognition.emotion_recognizer import EmotionRecognizer

# What dlib finds in scikit-image's astronaut at upsample 0, and where.
ASTRONAUT_FACE, ASTRONAUT_SCORE = [168, 69, 263, 164], 1.0625
KEYS = [
    "face",
    "face_score",
    "emotion",
    "unknown_reason",
    "confidence",
    "probabilities",
    "face_weight",
    "context_weight",
    "attention",
    "attention_region",
]


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


def shown_person(number: int) -> Person:
    estimate = EmotionEstimate(
        probabilities=np.eye(7, dtype=np.float32)[number % 7],
        face_weight=0.5,
        context_weight=0.5,
        attention=AttentionMap(np.full((7, 7), 1 / 49, np.float32), Region(30, 10, 200, 180)),
    )
    return Person(
        person_id=f"person_{number}",
        face=Region(20 * number, 50, 30, 30),
        detection=None,
        face_score=1.0,
        tracked_for_s=0.0,
        probabilities=estimate.probabilities,
        estimate=estimate,
        evaluated=True,
    )


def entries(path: Path) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = json.loads(path.read_text())
    return result


def test_json_of_an_image(photograph: Path, weights: Path, astronaut: NDArray[np.uint8]) -> None:
    out = photograph.parent / "out.json"
    result = run(photograph, "--weights", weights, "--json", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == f"wrote the results of 1 image to {out}"
    (entry,) = entries(out)
    assert list(entry) == ["image", "width", "height", "people"]
    assert (entry["image"], entry["width"], entry["height"]) == (str(photograph), 512, 512)
    (person,) = entry["people"]
    assert list(person) == KEYS
    assert person["face"] == ASTRONAUT_FACE
    assert person["face_score"] == pytest.approx(ASTRONAUT_SCORE, abs=1e-3)
    assert tuple(person["probabilities"]) == EMOTIONS
    assert sum(person["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    # Random weights are sure of nothing.
    assert (person["emotion"], person["unknown_reason"]) == ("Unknown", "unsure")
    assert person["confidence"] == max(person["probabilities"].values()) < 0.5
    assert person["face_weight"] + person["context_weight"] == pytest.approx(1, abs=1e-5)
    assert np.shape(person["attention"]) == (7, 7)
    assert np.sum(person["attention"]) == pytest.approx(1, abs=1e-5)
    assert person["attention_region"] == [87, 32, 335, 448]
    # Nothing comes between the recognizer and the file.
    (estimate,) = EmotionRecognizer(load_checkpoint(weights)).recognize(
        [Scene(Frame(astronaut), tuple([Box(*ASTRONAUT_FACE)]))]
    )[0]
    np.testing.assert_allclose(
        list(person["probabilities"].values()), estimate.probabilities, rtol=0, atol=1e-6
    )
    assert estimate.attention is not None
    np.testing.assert_allclose(person["attention"], estimate.attention.weights, atol=1e-6)


def test_images_do_not_influence_one_another(
    photograph: Path, weights: Path, two_people: NDArray[np.uint8]
) -> None:
    other = photograph.parent / "two.png"
    cv2.imwrite(str(other), two_people)
    together, alone = photograph.parent / "together.json", photograph.parent / "alone.json"
    run(other, photograph, photograph, "--weights", weights, "--json", together)
    run(photograph, "--weights", weights, "--json", alone)
    two, first, second = entries(together)
    assert first == second == entries(alone)[0]
    assert len(two["people"]) == 2


def test_the_context_mode_matters_for_two_people_only(
    photograph: Path, weights: Path, two_people: NDArray[np.uint8]
) -> None:
    other = photograph.parent / "two.png"
    cv2.imwrite(str(other), two_people)
    results = {}
    for mode in ("shared", "per_person"):
        out = photograph.parent / f"{mode}.json"
        run(photograph, other, "--weights", weights, "--context-mode", mode, "--json", out)
        results[mode] = entries(out)
    assert results["shared"][0] == results["per_person"][0]
    assert results["shared"][1] != results["per_person"][1]


def test_json_to_stdout_stands_alone(photograph: Path, weights: Path) -> None:
    result = run(photograph, "--weights", weights, "--json", "-")
    assert json.loads(result.stdout)[0]["people"][0]["face"] == ASTRONAUT_FACE


def test_without_json_a_table_is_printed(photograph: Path, weights: Path) -> None:
    empty = photograph.parent / "empty.png"
    cv2.imwrite(str(empty), np.zeros((100, 100, 3), np.uint8))
    result = run(photograph, empty, "--weights", weights)
    assert result.exit_code == 0
    for text in ("person_1", "95x95 at", "nobody", "emotion"):
        assert text in result.stdout
    assert f"no face found in {empty}: " in result.stderr
    assert "try --upsample 1" in result.stderr
    assert "or another detector (--detector " in result.stderr
    assert "Unknown (unsure)" in result.stdout


def test_no_path_is_broken_or_changed(weights: Path, tmp_path: Path) -> None:
    """However long it is, and also where it looks like markup."""
    folder = tmp_path / ("deep " * 40).strip() / "[bold]"
    folder.mkdir(parents=True)
    names = [f"{number:03} [red].png" for number in range(5)]
    for name in names:
        cv2.imwrite(str(folder / name), np.zeros((60, 60, 3), np.uint8))
    result = run(folder, "--weights", weights, "--output", tmp_path / "out")
    assert [line.split("  ")[0].strip() for line in result.stdout.splitlines()] == [
        "image",
        *(str(folder / name) for name in names),
    ]
    _, wrote, hint = result.stderr.splitlines()
    assert wrote == f"wrote the results of 5 images to {tmp_path / 'out'}"
    assert f"no face found in {folder / names[0]}, " in hint
    assert f", {folder / names[2]} and 2 more: " in hint


def test_where_somebody_is_found_nothing_is_advised(photograph: Path, weights: Path) -> None:
    result = run(photograph, "--weights", weights)
    assert "no face found" not in result.stderr


def test_a_picture_of_gigabytes_is_named_and_the_rest_processed(
    photograph: Path, weights: Path
) -> None:
    bomb = bytearray(photograph.read_bytes())
    bomb[16:24] = struct.pack(">II", 40_000, 30_000)
    large = photograph.parent / "large.png"
    large.write_bytes(bomb)
    result = run(large, photograph, "--weights", weights)
    assert result.exit_code == 1
    assert f"{large} is too large: 40000x30000 are 1200.0 megapixels" in result.stderr
    assert "person_1" in result.stdout


@pytest.mark.parametrize(
    ("count", "width"), [(0, 300), (1, 600), (2, 450), (3, 600), (4, 600), (5, 500)]
)
def test_a_still_is_as_wide_as_what_is_drawn(count: int, width: int) -> None:
    people = [shown_person(number) for number in range(count)]
    picture = picture_with_attention(np.full((200, 300, 3), 90, np.uint8), people)
    assert picture.shape == (200, width, 3)
    # Places without a tile show the image dimmed, to 30.
    assert (picture.max(axis=2) < 20).mean() < 0.2
    assert (picture[-1, -1] >= 20).any()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 9])
@pytest.mark.parametrize("size", [(200, 300), (201, 301)])
def test_frames_are_of_one_size_for_any_number_of_people(size: tuple[int, int], count: int) -> None:
    people = [shown_person(number) for number in range(count)]
    frame = frame_with_attention(np.full((*size, 3), 90, np.uint8), people)
    assert frame.shape == (size[0], size[1] + size[1] // 2, 3)
    assert (frame.max(axis=2) < 20).mean() < 0.2


def test_pictures_show_people_and_attention_side_by_side(
    photograph: Path, weights: Path, astronaut: NDArray[np.uint8]
) -> None:
    output = photograph.parent / "out" / "deeper"
    result = run(photograph, "--weights", weights, "--output", output)
    assert result.exit_code == 0, result.stderr
    assert [path.name for path in output.iterdir()] == ["astronaut_emotions.png"]
    picture = cv2.imread(str(output / "astronaut_emotions.png"))
    assert picture is not None
    assert picture.shape == (512, 1024, 3)
    annotated, attention = picture[:, :512], picture[:, 512:]
    changed = (annotated != astronaut).any(axis=2)
    assert 0.005 < changed.mean() < 0.1
    assert not changed[200:].any()
    # The map covers columns 87 to 421 and rows 32 to 479.
    assert (attention != astronaut).any(axis=2)[40:470, 100:410].mean() > 0.9
    assert (attention[:450, 430:] == astronaut[:450, 430:]).all()


def test_folders_are_searched_and_same_names_kept_apart(
    tmp_path: Path, weights: Path, astronaut: NDArray[np.uint8]
) -> None:
    folder = tmp_path / "photos"
    names = ["b/face.png", "face.jpg", "face.png", "a/face.png", ".hidden/face.png", ".x.png"]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), astronaut[::4, ::4])
    (folder / "notes.txt").write_text("not an image")
    (tmp_path / "face.png").write_bytes((folder / "face.png").read_bytes())
    out, output = tmp_path / "out.json", tmp_path / "pictures"
    result = run(
        folder, tmp_path / "face.png", "--weights", weights, "--json", out, "--output", output
    )
    assert result.exit_code == 0, result.stderr
    assert [entry["image"] for entry in entries(out)] == [
        str(path)
        for path in (
            folder / "a/face.png",
            folder / "b/face.png",
            folder / "face.jpg",
            folder / "face.png",
            tmp_path / "face.png",
        )
    ]
    assert sorted(str(p.relative_to(output)) for p in output.rglob("*.png")) == [
        "a/face_emotions.png",
        "b/face_emotions.png",
        "face_2_emotions.png",
        "face_3_emotions.png",
        "face_emotions.png",
    ]


def test_an_input_is_not_overwritten(photograph: Path, weights: Path) -> None:
    folder = photograph.parent
    looks_like_output = folder / "astronaut_emotions.png"
    looks_like_output.write_bytes(photograph.read_bytes())
    before = looks_like_output.read_bytes()
    result = run(photograph, looks_like_output, "--weights", weights, "--output", folder)
    assert result.exit_code == 0
    assert looks_like_output.read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == [
        "astronaut.png",
        "astronaut_2_emotions.png",
        "astronaut_emotions.png",
        "astronaut_emotions_emotions.png",
    ]


def test_what_cannot_be_read_is_named_and_the_rest_processed(
    photograph: Path, weights: Path
) -> None:
    folder = photograph.parent
    whole = photograph.read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.mp4").write_text("no video")
    (folder / "notes.txt").write_text("notes")
    (folder / "nothing").mkdir()
    names = ["missing.png", "notes.txt", "nothing", "truncated.png", "empty.jpg", "text.mp4"]
    out = folder / "out.json"
    result = run(
        *(folder / name for name in names), photograph, "--weights", weights, "--json", out
    )
    assert result.exit_code == 1
    for name in names:
        assert str(folder / name) in result.stderr
    assert "6 of 7 inputs could not be processed" in result.stderr
    assert "Traceback" not in result.stderr
    assert [entry["image"] for entry in entries(out)] == [str(photograph)]


def test_nothing_to_process_loads_nothing_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    result = run(tmp_path / "missing.png", "--weights", "also_missing", "--json", out)
    assert result.exit_code == 1
    assert "also_missing" not in result.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--weights", "/nowhere.safetensors"], "no weights file at /nowhere.safetensors"),
        (["--detector", "cascade"], "unknown face detector 'cascade'"),
        (["--detector", "dlib_cnn"], "mmod_human_face_detector.dat"),
        (["--detector-weights", "/nowhere.safetensors"], "/nowhere.safetensors"),
        (["--context-mode", "mixed"], "shared, per_person"),
        (["--device", "warp"], "warp"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_a_line(
    photograph: Path, weights: Path, options: list[str], expected: str
) -> None:
    result = run(photograph, "--weights", weights, *options)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert expected in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_it_is_told_where_the_networks_run(
    photograph: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for options in ([], ["--device", "auto"], ["--device", "cpu"]):
        result = run(photograph, "--weights", weights, *options)
        assert result.exit_code == 0, result.stderr
        assert result.stderr.splitlines()[0] == "running on the processor"


@pytest.mark.parametrize("option", ["--json", "--output"])
def test_a_place_that_cannot_be_written_is_named(
    photograph: Path, weights: Path, option: str
) -> None:
    (photograph.parent / "file").write_text("in the way")
    place = photograph.parent / "file" / ("out.json" if option == "--json" else "")
    result = run(photograph, "--weights", weights, option, place)
    assert result.exit_code == 1
    assert f"cannot make the folder {photograph.parent / 'file'}: there is a file" in result.stderr


def limit_file_size() -> None:
    """Writing beyond fails as it does on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))


@pytest.mark.parametrize(
    ("option", "place", "target"),
    [("--json", "out.json", "out.json"), ("--output", "out", "out/astronaut_emotions.png")],
)
def test_on_a_full_disk_nothing_half_written_is_left(
    photograph: Path, weights: Path, option: str, place: str, target: str
) -> None:
    folder = photograph.parent
    arguments = [photograph, photograph, "--weights", weights, option, folder / place]
    result = subprocess.run(
        [sys.executable, "-m", "glamor_ros.cli.main", "predict", *map(str, arguments)],
        capture_output=True,
        text=True,
        preexec_fn=limit_file_size,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=120,
    )
    assert result.returncode == 1
    assert result.stderr.splitlines()[1:] == [
        f"error: cannot write {folder / target}: File too large"
    ]
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    assert files == {"astronaut.png"}


@pytest.fixture
def clip(tmp_path: Path, two_people: NDArray[np.uint8]) -> Path:
    """7 frames at 10 Hz, 460x256: a slow pan over two people, whose faces are hidden in one."""
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 10.0) as writer:
        for index in range(7):
            view = two_people[:, 4 * index : 460 + 4 * index].copy()
            if index == 3:
                view[60:180] = view[60:180].mean(axis=(0, 1))
            writer.write(view)
    return path


def test_in_a_video_people_are_followed(clip: Path, weights: Path) -> None:
    out, output = clip.parent / "out.json", clip.parent / "out"
    result = run(clip, "--weights", weights, "--json", out, "--output", output)
    assert result.exit_code == 0, result.stderr
    frames = entries(out)
    assert [frame["image"] for frame in frames] == [f"{clip}#{index}" for index in range(7)]
    np.testing.assert_allclose([frame["time_s"] for frame in frames], np.arange(7) / 10, atol=1e-6)
    for index, frame in enumerate(frames):
        # Somebody is a person from the second detection on.
        expected = ["person_1", "person_2"] if index else []
        assert [person["person_id"] for person in frame["people"]] == expected
        for person in frame["people"]:
            assert list(person) == ["person_id", "observed", *KEYS]
            assert person["observed"] == (index != 3)
            assert (person["attention"] is None) == (index == 3)
            assert sum(person["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert [path.name for path in output.iterdir()] == ["clip_emotions.webm"]
    reader = VideoReader(output / "clip_emotions.webm")
    assert (reader.rate_hz, reader.frame_count) == (10.0, 7)
    whole, hidden = [frame.image_bgr for frame in reader.frames()][2:4]
    # Two tiles, each half as wide as the picture, fill a column: none of it is left black.
    assert whole.shape == (256, 690, 3)
    assert (whole.max(axis=2) < 8).mean() < 0.1
    # The first tile of those whom the network has not looked at in a frame is the image.
    assert np.abs(hidden[128:, 460:].astype(int) - hidden[:128, 460:] // 3).mean() < 6


def test_the_table_has_a_row_for_each_person_in_a_video(clip: Path, weights: Path) -> None:
    result = run(clip, "--weights", weights)
    assert result.exit_code == 0
    assert "person_2" in result.stdout
    assert result.stdout.count("5 frames") == 2


def test_a_sparse_search_follows_the_same_people(clip: Path, weights: Path) -> None:
    out = clip.parent / "out.json"
    result = run(clip, "--weights", weights, "--json", out, "--detection", "sparse")
    assert result.exit_code == 0, result.stderr
    seen = {person["person_id"] for frame in entries(out) for person in frame["people"]}
    assert seen == {"person_1", "person_2"}
    assert len(entries(out)[-1]["people"]) == 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--detection", "patchy"), "unknown detection 'patchy'; known are full, sparse"),
        (("--detection", "sparse", "--detector", "dlib_hog"), "is for the detector 'mmod' alone"),
    ],
)
def test_a_search_that_cannot_be_made_is_refused(
    clip: Path, weights: Path, options: tuple[str, ...], problem: str
) -> None:
    result = run(clip, "--weights", weights, *options)
    assert result.exit_code == 1
    assert problem in " ".join(result.stderr.split())
