from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from std_msgs.msg import Header
from typer.testing import CliRunner

from glamor_ros.cli.main import app
from glamor_ros.messages.image_encoding import image_message

pytest.importorskip("mcap")
pytest.importorskip("rosbags")

from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from glamor_ros.bags.cdr import CdrCodec


def _record(path: Path, image: NDArray[np.uint8], encodings: list[str]) -> None:
    types = get_typestore(Stores.ROS2_JAZZY)
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/image", "sensor_msgs/msg/Image", typestore=types)
        for index, encoding in enumerate(encodings):
            message = image_message(image, Header())
            message.encoding = encoding
            writer.write(connection, index * 100_000_000, CdrCodec().serialized(message))


def test_it_tells_what_was_annotated_what_was_not_and_why(
    tmp_path: Path, two_people: NDArray[np.uint8]
) -> None:
    bag = tmp_path / "drive"
    _record(bag, two_people, ["bgr8", "bgr8", "odd", "bgr8"])
    (file,) = bag.glob("*.mcap")
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(file.read_bytes()[:-300_000])
    arguments = ["annotate-bag", str(cut), "-o", str(tmp_path / "out"), "--device", "cpu"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    lines = [line.strip() for line in result.stderr.splitlines()]
    assert f"{tmp_path / 'out'}: 3 messages of {cut}, and" in lines
    assert "/image: 2 of 3 images annotated, 2 people" in lines
    assert any(line.startswith("1 unusable: unknown encoding 'odd'") for line in lines)
    assert any(line.startswith("lost: ") and "cut off" in line for line in lines)
    with Reader(tmp_path / "out") as reader:
        assert {name: info.msgcount for name, info in reader.topics.items()} == {
            "/image": 3,
            "/emotions": 2,
            "/attention": 2,
        }
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 0
    assert "is there already" in again.stderr


def test_one_person_is_counted_in_words_that_fit(
    tmp_path: Path, two_people: NDArray[np.uint8]
) -> None:
    _record(tmp_path / "drive", np.ascontiguousarray(two_people[:, :250]), ["bgr8", "bgr8"])
    result = CliRunner().invoke(
        app,
        ["annotate-bag", str(tmp_path / "drive"), "-o", str(tmp_path / "out"), "--device", "cpu"],
    )
    assert "/image: 2 of 2 images annotated, 1 person" in result.stderr
    assert "1 people" not in result.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "no such file or folder"),
        (["--storage", "tape"], "unknown storage 'tape'"),
        (["--detection", "lucky"], "unknown detection 'lucky'"),
        (["--topic", "/other"], "has no images on /other; its topics are /image"),
        (["--weights", "/nowhere.safetensors"], "/nowhere.safetensors"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    tmp_path: Path, two_people: NDArray[np.uint8], options: list[str], reason: str
) -> None:
    bag = tmp_path / "drive"
    if options:
        _record(bag, two_people, ["bgr8"])
    result = CliRunner().invoke(
        app, ["annotate-bag", str(bag), "-o", str(tmp_path / "out"), "--device", "cpu", *options]
    )
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert reason in result.stderr
    assert not (tmp_path / "out").exists()
    assert [path for path in tmp_path.iterdir() if path != bag] == []


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("glamor_ros.bags")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rosbags.serde", None)
    result = CliRunner().invoke(app, ["annotate-bag", str(tmp_path), "-o", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "pip install 'glamor_ros[bags]'" in result.stderr


def test_a_cluster_that_does_not_answer_is_named(
    tmp_path: Path, two_people: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glamor_ros.cli.bags.annotate_bag.CONNECT_TIMEOUT_S", 0.5)
    pytest.importorskip("distributed")
    _record(tmp_path / "drive", two_people, ["bgr8"])
    address = ["--cluster", "tcp://127.0.0.1:9"]
    result = CliRunner().invoke(
        app,
        ["annotate-bag", str(tmp_path / "drive"), "-o", str(tmp_path / "out"), *address],
    )
    assert result.exit_code == 1
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in result.stderr
