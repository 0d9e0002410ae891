"""`glamor-ros download-weights` as a user types it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from glamor_ros.cli.weights import download_weights as command
from glamor_ros.network.weights.checkpoint import load_checkpoint
from glamor_ros.network.weights.published_weights import (
    PUBLISHED_FILES,
    PublishedFile,
    PublishedWeights,
)
from glamor_ros.network.weights.resumable_download import DownloadError, git_blob_id
from glamor_ros.perception.detection import yunet
from glamor_ros.perception.detection.build import build_face_detector
from glamor_ros.perception.detection.face_detector import FaceDetectorError

from .http_file_server import FileServer, serving


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    application.command()(command.download_weights)
    return application


def test_writes_weights_that_load(
    app: typer.Typer, golden_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = golden_dir / "tensorflow_checkpoint/two_shards"
    names = [file.name for file in PUBLISHED_FILES]
    files = [PublishedFile(name, git_blob_id(golden / name)) for name in names]
    monkeypatch.setattr(command, "PublishedWeights", partial(PublishedWeights, files=files))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = tmp_path / "published.safetensors"
    with serving(FileServer({name: (golden / name).read_bytes() for name in names})) as server:
        result = CliRunner().invoke(app, ["glamor-net", str(out), "--base-url", f"{server.url}/"])
    assert result.exit_code == 0, result.output
    assert "minhnhatvt/glamor-net at c12e1b9 (MIT" in result.output
    assert "converted 2,161,802 values" in result.output
    assert load_checkpoint(out).provenance["commit"].startswith("c12e1b9")
    kept = sorted(
        path.name for path in (tmp_path / "cache/glamor_ros/glamor-net-c12e1b9").iterdir()
    )
    assert kept == sorted(names)


def test_another_file_than_the_published_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    out = tmp_path / "out.safetensors"
    with (
        serving(FileServer({"Model.index": b"something else"})) as server,
        pytest.raises(DownloadError, match="not the file that was expected"),
    ):
        command.download_weights(command.PublishedNetwork.GLAMOR_NET, out, tmp_path, server.url)
    assert not out.exists()


def test_other_output_formats_are_refused_before_fetching(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["glamor-net", "weights.pt"])
    assert result.exit_code == 2
    assert "must end in .safetensors" in result.output


def test_yunet_goes_where_the_detector_looks_for_it(
    app: typer.Typer, shared_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = shared_dir / "models" / yunet.FILE_NAME
    if not source.is_file():
        pytest.skip(f"YuNet's file is not there: {source}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(FaceDetectorError, match="'glamor-ros download-weights yunet'"):
        build_face_detector("yunet")
    with serving(FileServer({yunet.FILE_NAME: source.read_bytes()})) as server:
        result = CliRunner().invoke(app, ["yunet", "--base-url", server.url])
    assert result.exit_code == 0, result.output
    assert "232,589 bytes" in result.output
    assert yunet.default_path().read_bytes() == source.read_bytes()
    build_face_detector("yunet")


def test_another_file_than_yunets_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    out = tmp_path / "yunet.onnx"
    with (
        serving(FileServer({yunet.FILE_NAME: b"version https://git-lfs.github.com/spec/v1"})) as s,
        pytest.raises(DownloadError, match="not the file that was expected"),
    ):
        command.download_weights(command.PublishedNetwork.YUNET, out, None, s.url)
    assert not out.exists()
