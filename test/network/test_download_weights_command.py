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

from .http_file_server import FileServer, serving


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    application.command()(command.download_weights)
    return application


def test_writes_weights_that_load(
    app: typer.Typer, shared_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = shared_dir / "golden/tensorflow_checkpoint/two_shards"
    names = [file.name for file in PUBLISHED_FILES]
    files = [PublishedFile(name, git_blob_id(golden / name)) for name in names]
    monkeypatch.setattr(command, "PublishedWeights", partial(PublishedWeights, files=files))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = tmp_path / "published.safetensors"
    with serving(FileServer({name: (golden / name).read_bytes() for name in names})) as server:
        result = CliRunner().invoke(app, [str(out), "--base-url", f"{server.url}/"])
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
        command.download_weights(out, tmp_path, server.url)
    assert not out.exists()


def test_other_output_formats_are_refused_before_fetching(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["weights.pt"])
    assert result.exit_code == 2
    assert "must end in .safetensors" in result.output
