"""`glamor-ros demo` as a user starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from glamor_ros.media.videos import VideoReader
from glamor_ros.network.emotions import EMOTIONS, UNKNOWN_EMOTION
from glamor_ros.network.weights.checkpoint import load_checkpoint, save_checkpoint

pytestmark = pytest.mark.integration

PATIENCE_S = 120.0
# Away from those of the other tests.
DOMAIN_ID = str(102 + os.getpid() % 100)


class Demo:
    """A demo in the background; what it and its children are known by is in their environment."""

    def __init__(self, output: Path, weights: Path, *options: str) -> None:
        self._mark = f"DEMO_TEST={uuid.uuid4().hex}"
        name, value = self._mark.split("=")
        options = ("--output", str(output), "--weights", str(weights), *options)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "glamor_ros.cli.main", "demo", *options],
            env={**os.environ, name: value, "ROS_DOMAIN_ID": DOMAIN_ID},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def process_ids(self) -> list[int]:
        """Of all that is running, the demo itself included."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                marked = self._mark.encode() in (folder / "environ").read_bytes().split(b"\0")
            except (FileNotFoundError, NotADirectoryError, ProcessLookupError, PermissionError):
                continue
            if marked:
                found.append(int(folder.name))
        return found

    def wait_for_lines(self, count: int) -> None:
        """Of its output: it prints one a second."""
        assert self._process.stdout is not None
        for _ in range(count):
            assert self._process.stdout.readline()

    def dashboard_address(self) -> str:
        """Read from its messages."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"in a browser: (http://\S+)", line):
                return found[1]
        raise AssertionError("the demo has ended without an address")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> tuple[int, str, str]:
        """Exit code, stdout, stderr; nothing of the demo may be running then."""
        try:
            stdout, stderr = self._process.communicate(timeout=PATIENCE_S)
        finally:
            left = self.process_ids()
            for process_id in left:
                os.kill(process_id, signal.SIGKILL)
        assert left == []
        return self._process.returncode, stdout, stderr


def messages(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def sure_weights(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights that are sure of each answer: the demo's node names no improbable emotion."""
    checkpoint = load_checkpoint(random_weights)
    with torch.no_grad():
        list(checkpoint.network.classifier.parameters())[-2].mul_(50)  # the last layer's weight
    path = tmp_path_factory.mktemp("weights") / "sure.safetensors"
    save_checkpoint(checkpoint, path)
    return path


def test_the_demo_watches_two_people_and_records_them(tmp_path: Path, sure_weights: Path) -> None:
    output = tmp_path / "demo_output"
    code, stdout, stderr = Demo(output, sure_weights, "--duration", "4").wait()
    assert code == 0, stderr

    log = messages(output / "emotions.jsonl")
    assert len(log) >= 5
    views = [tuple(person["person_id"] for person in message["people"]) for message in log]
    # Faces become people with their second detection; from then on they stay.
    since_both = views[next(i for i, ids in enumerate(views) if len(ids) == 2) :]
    assert len(since_both) >= 3
    assert {tuple(sorted(ids)) for ids in since_both} == {("person_1", "person_2")}
    for message in log:
        assert (message["image_width"], message["image_height"]) == (640, 480)
        for person in message["people"]:
            assert sum(person["probabilities"]) == pytest.approx(1, abs=1e-4)
            # Between two answers the smoothed probabilities may all be low for a moment.
            name = UNKNOWN_EMOTION if person["unknown_reason"] else EMOTIONS[person["emotion"]]
            assert person["emotion_name"] == name
    named = {p["person_id"] for m in log for p in m["people"] if not p["unknown_reason"]}
    assert named == {"person_1", "person_2"}
    stamps = [m["header"]["stamp"]["sec"] + m["header"]["stamp"]["nanosec"] * 1e-9 for m in log]
    assert stamps == sorted(stamps)

    maps = [m for message in messages(output / "attention.jsonl") for m in message["maps"]]
    assert {m["person_id"] for m in maps} == {"person_1", "person_2"}
    np.testing.assert_allclose([sum(m["weights"]) for m in maps], 1, atol=1e-4)

    pictures = sorted(output.glob("attention_*.png"))
    assert len(pictures) >= 2
    for path in pictures:
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.std() > 20
    frames = [frame.image_bgr for frame in VideoReader(output / "annotated.webm").frames()]
    assert len(frames) >= 30
    assert all(frame.shape == (480, 640, 3) and frame.std() > 20 for frame in frames)

    assert "Hz" in stdout
    for text in ("person_1", "person_2", "latency", "annotated.webm"):
        assert text in stdout
    # Nothing of the libraries' own: OpenCV used to complain of the video's tag.
    assert "OpenCV" not in stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_early_it_keeps_what_it_has_and_leaves_no_process(
    tmp_path: Path, random_weights: Path, number: signal.Signals
) -> None:
    output = tmp_path / "demo_output"
    demo = Demo(output, random_weights, "--duration", "600")
    demo.wait_for_lines(3)
    assert len(demo.process_ids()) >= 3
    demo.signal(number)
    code, stdout, stderr = demo.wait()
    assert code == 0, stderr
    assert "Traceback" not in stderr
    assert "annotated.webm" in stdout
    assert messages(output / "emotions.jsonl")
    assert VideoReader(output / "annotated.webm").frame_count


def test_the_dashboard_is_served_where_the_demo_says(tmp_path: Path, random_weights: Path) -> None:
    demo = Demo(tmp_path / "demo_output", random_weights, "--duration", "600")
    address = demo.dashboard_address()
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
        assert answer.status == 200
        assert b"<html" in answer.read()
    demo.signal(signal.SIGINT)
    code, _, stderr = demo.wait()
    assert code == 0, stderr


def test_without_the_dashboard_only_the_two_nodes_are_started(
    tmp_path: Path, random_weights: Path
) -> None:
    output = tmp_path / "demo_output"
    demo = Demo(output, random_weights, "--no-dashboard", "--duration", "1")
    code, _, stderr = demo.wait()
    assert code == 0, stderr
    assert "browser" not in stderr
    assert {path.name for path in output.glob("*.log")} == {
        "emotion_node.log",
        "image_source_node.log",
    }


def test_where_the_dashboard_lacks_packages_the_demo_says_so_and_goes_on(
    tmp_path: Path, random_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ImportError('no uvicorn here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    output = tmp_path / "demo_output"
    code, _, stderr = Demo(output, random_weights, "--duration", "1").wait()
    assert code == 0, stderr
    assert "pip install 'glamor_ros[dashboard]' (no uvicorn here)" in stderr
    assert messages(output / "emotions.jsonl")
    assert not (output / "dashboard_node.log").exists()


def test_ended_while_it_starts_it_leaves_no_process(tmp_path: Path, random_weights: Path) -> None:
    output = tmp_path / "demo_output"
    demo = Demo(output, random_weights)
    deadline = time.monotonic() + PATIENCE_S
    while not (output / "image_source_node.log").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    demo.signal(signal.SIGINT)
    demo.signal(signal.SIGINT)
    code, stdout, stderr = demo.wait()
    assert code == 0, stderr
    assert "Traceback" not in stderr
    assert "no message arrived" in stdout


def test_where_a_node_ends_its_reason_is_told(tmp_path: Path, random_weights: Path) -> None:
    missing = str(tmp_path / "missing.mp4")
    demo = Demo(tmp_path / "demo_output", random_weights, "--source", missing)
    code, _, stderr = demo.wait()
    assert code == 1
    assert "image_source_node has ended with exit code 1" in stderr
    assert missing in stderr
    assert "Traceback" not in stderr


def test_weights_that_cannot_be_loaded_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.safetensors"
    code, _, stderr = Demo(tmp_path / "demo_output", missing).wait()
    assert code == 1
    assert str(missing) in stderr
