"""The authors' checkpoint, as a server on this machine has it (the golden one in its place)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from glamor_ros.network.weights.published_weights import (
    BASE_URL,
    PUBLISHED_FILES,
    PublishedFile,
    PublishedWeights,
)
from glamor_ros.network.weights.resumable_download import (
    DownloadError,
    ResumableDownload,
    git_blob_id,
)
from glamor_ros.network.weights.tensorflow_checkpoint import TensorFlowCheckpoint
from glamor_ros.network.weights.tensorflow_import import import_tensorflow_checkpoint

from .http_file_server import FileServer, serving

NAMES = [file.name for file in PUBLISHED_FILES]


@pytest.fixture
def golden(golden_dir: Path) -> Path:
    return golden_dir / "tensorflow_checkpoint/two_shards"


@pytest.fixture
def server(golden: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(FileServer({name: (golden / name).read_bytes() for name in NAMES})) as running:
        yield running


@pytest.fixture
def published(golden: Path, server: FileServer) -> PublishedWeights:
    return PublishedWeights(
        files=[PublishedFile(name, git_blob_id(golden / name)) for name in NAMES],
        base_url=server.url,
        download=ResumableDownload(timeout_s=5.0, retry_wait_s=0.0),
    )


def test_fetches_verifies_and_converts(
    golden: Path, published: PublishedWeights, tmp_path: Path
) -> None:
    finished: dict[str, tuple[int, int | None]] = {}
    checkpoint = published.fetch(
        tmp_path, lambda name, done, total: finished.update({name: (done, total)})
    )
    expected = import_tensorflow_checkpoint(TensorFlowCheckpoint(golden / "Model")).network
    for name, value in expected.state_dict().items():
        assert torch.equal(checkpoint.network.state_dict()[name], value), name
    sizes = {name: (golden / name).stat().st_size for name in NAMES}
    assert finished == {name: (size, size) for name, size in sizes.items()}
    assert set(checkpoint.provenance["sha256"]) == set(NAMES)
    assert checkpoint.provenance["license"].startswith("MIT")


def test_goes_on_after_a_break_and_needs_no_network_then(
    published: PublishedWeights, server: FileServer, tmp_path: Path
) -> None:
    shard = NAMES[2]
    server.faults[shard] = [("drop", 1_000_000), 500, 500, 500]
    with pytest.raises(DownloadError):
        published.fetch(tmp_path, lambda *_: None)
    published.fetch(tmp_path, lambda *_: None)
    assert server.requests[-1] == (shard, "bytes=1000000-")
    count = len(server.requests)
    published.fetch(tmp_path, lambda *_: None)
    assert len(server.requests) == count


def test_one_wrong_byte_is_found(
    published: PublishedWeights, server: FileServer, tmp_path: Path
) -> None:
    content = bytearray(server.files[NAMES[2]])
    content[len(content) // 2] ^= 1
    server.files[NAMES[2]] = bytes(content)
    with pytest.raises(DownloadError, match="not the file that was expected"):
        published.fetch(tmp_path, lambda *_: None)


def test_says_what_to_do_by_hand(
    published: PublishedWeights, server: FileServer, tmp_path: Path
) -> None:
    del server.files[NAMES[0]]
    with pytest.raises(DownloadError) as error:
        published.fetch(tmp_path, lambda *_: None)
    message = str(error.value)
    assert "404" in message
    assert "glamor-ros import-weights FOLDER/Model" in message
    assert all(name in message for name in NAMES)


def test_the_address_names_a_whole_commit() -> None:
    assert BASE_URL.startswith("https://raw.githubusercontent.com/minhnhatvt/glamor-net/c12e1b9")
    commit = BASE_URL.split("/")[5]
    assert len(commit) == 40
