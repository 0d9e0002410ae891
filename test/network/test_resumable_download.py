"""Downloads against a server on this machine that breaks in all the ways that servers do."""

from __future__ import annotations

import hashlib
import socket
import subprocess
from pathlib import Path

import pytest

from glamor_ros.network.weights.resumable_download import (
    DownloadError,
    ResumableDownload,
    git_blob_id,
)

from .http_file_server import FileServer, serving

CONTENT = bytes(range(256)) * 1000
NAME = "weights.bin"


def blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def download(monkeypatch: pytest.MonkeyPatch) -> ResumableDownload:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return ResumableDownload(timeout_s=5.0, retry_wait_s=0.0)


def fetch(
    download: ResumableDownload, server: FileServer, path: Path
) -> tuple[bool, list[tuple[int, int | None]]]:
    progress: list[tuple[int, int | None]] = []
    fetched = download.fetch(
        f"{server.url}/{NAME}", path, blob_id(CONTENT), lambda *p: progress.append(p)
    )
    return fetched, progress


def test_the_blob_id_is_gits(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    try:
        expected = subprocess.run(
            ["git", "hash-object", path], capture_output=True, text=True, check=True
        ).stdout.strip()
    except FileNotFoundError:
        pytest.skip("git is not installed")
    assert git_blob_id(path) == expected == blob_id(CONTENT)


def test_fetches_once(download: ResumableDownload, tmp_path: Path) -> None:
    path = tmp_path / "new" / NAME
    with serving(FileServer({NAME: CONTENT})) as server:
        fetched, progress = fetch(download, server, path)
        assert fetched
        assert path.read_bytes() == CONTENT
        assert progress[0] == (0, len(CONTENT))
        assert progress[-1] == (len(CONTENT), len(CONTENT))
        assert fetch(download, server, path) == (False, [(len(CONTENT), len(CONTENT))])
        assert len(server.requests) == 1
    assert list(path.parent.iterdir()) == [path]


def test_goes_on_in_the_same_call_after_broken_connections(
    download: ResumableDownload, tmp_path: Path
) -> None:
    path = tmp_path / NAME
    drops: list[int | tuple[str, int]] = [("drop", 1000)] * 5
    with serving(FileServer({NAME: CONTENT}, {NAME: drops})) as server:
        fetch(download, server, path)
        assert [r for _, r in server.requests] == ["", *(f"bytes={n}000-" for n in range(1, 6))]
    assert path.read_bytes() == CONTENT


def test_goes_on_in_the_next_call(download: ResumableDownload, tmp_path: Path) -> None:
    path = tmp_path / NAME
    faults: list[int | tuple[str, int]] = [("drop", 70_000), 503, 503, 503]
    with serving(FileServer({NAME: CONTENT}, {NAME: faults})) as server:
        with pytest.raises(DownloadError, match=r"503 .* 3 times in a row.*70,000 bytes are kept"):
            fetch(download, server, path)
        assert not path.exists()
        _, progress = fetch(download, server, path)
        assert server.requests[-1] == (NAME, "bytes=70000-")
    assert progress[0] == (70_000, len(CONTENT))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("says_length", [True, False])
def test_a_server_that_ignores_ranges_starts_over(
    download: ResumableDownload, tmp_path: Path, says_length: bool
) -> None:
    path = tmp_path / NAME
    path.with_name(f"{NAME}.partial").write_bytes(CONTENT[:5000])
    server = FileServer({NAME: CONTENT}, supports_range=False, says_length=says_length)
    with serving(server):
        _, progress = fetch(download, server, path)
    assert progress[0] == (0, len(CONTENT) if says_length else None)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "left", [b"of another file", CONTENT, CONTENT + b"and more"], ids=["foreign", "all", "longer"]
)
def test_what_was_left_is_never_trusted(
    download: ResumableDownload, tmp_path: Path, left: bytes
) -> None:
    path = tmp_path / NAME
    path.with_name(f"{NAME}.partial").write_bytes(left)
    with serving(FileServer({NAME: CONTENT})) as server:
        fetch(download, server, path)
    assert path.read_bytes() == CONTENT


def test_a_damaged_file_is_replaced(download: ResumableDownload, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(CONTENT[:-1] + b"?")
    with serving(FileServer({NAME: CONTENT})) as server:
        assert fetch(download, server, path)[0]
    assert path.read_bytes() == CONTENT


def test_wrong_content_is_named_and_not_kept(download: ResumableDownload, tmp_path: Path) -> None:
    login_page = b"<html>please log in</html>"
    with serving(FileServer({NAME: login_page})) as server:
        with pytest.raises(DownloadError, match="not the file that was expected") as error:
            fetch(download, server, tmp_path / NAME)
        assert f"{server.url}/{NAME}" in str(error.value)
    assert blob_id(login_page) in str(error.value)
    assert blob_id(CONTENT) in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (403, 1), (500, 3), (429, 3)])
def test_only_passing_faults_are_tried_again(
    download: ResumableDownload, tmp_path: Path, status: int, attempts: int
) -> None:
    with serving(FileServer({NAME: CONTENT}, {NAME: [status] * 10})) as server:
        with pytest.raises(DownloadError, match=f"the server says {status} "):
            fetch(download, server, tmp_path / NAME)
        assert len(server.requests) == attempts


def test_no_server(download: ResumableDownload, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(DownloadError, match=rf"reaches 127\.0\.0\.1:{port} .*https_proxy"):
        fetch(download, FileServer({}, url=f"http://127.0.0.1:{port}"), tmp_path / NAME)


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    impatient = ResumableDownload(timeout_s=0.05, max_fruitless_attempts=2, retry_wait_s=0.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(DownloadError, match=r"timed out.* 2 times in a row"):
            fetch(impatient, FileServer({}, url=url), tmp_path / NAME)
