"""The download of a file over HTTP, continued where it was broken off."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ...errors import GlamorError

_CHUNK_BYTES = 1 << 16
_RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

# Bytes of the file that are here, and how many it has in all (None: the server does not say).
OnProgress = Callable[[int, int | None], None]


class DownloadError(GlamorError, OSError):
    """A failed download; the message names the address, what happened and what to do."""


class _InterruptedError(Exception):
    """A transfer that broke off, and that another attempt may complete."""


def git_blob_id(path: Path) -> str:
    """The id under which git stores the file's content (SHA-1, hexadecimal)."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@dataclass(frozen=True)
class ResumableDownload:
    """A download of files whose git blob id is known.

    Attributes:
        timeout_s: The longest that connecting, or one read, may take.
        max_fruitless_attempts: The number of attempts in a row without a new byte after which the
            download fails.
        retry_wait_s: The wait before another attempt, doubled each time.
    """

    timeout_s: float = 30.0
    max_fruitless_attempts: int = 3
    retry_wait_s: float = 1.0

    def fetch(self, url: str, path: Path, blob_id: str, on_progress: OnProgress) -> bool:
        """Download a file, unless it is there already.

        What a broken transfer leaves is in `<path>.partial`, from which the next call continues.
        The file itself is written whole and verified, or not at all.

        Args:
            url: The address.
            path: Where the file goes.
            blob_id: The git blob id of its content.
            on_progress: Called with the number of bytes so far and in all, which may be unknown.

        Returns:
            Whether anything was fetched.

        Raises:
            DownloadError: The file cannot be fetched, or is another one.
        """
        if path.is_file() and git_blob_id(path) == blob_id:
            on_progress(path.stat().st_size, path.stat().st_size)
            return False
        partial = path.with_name(f"{path.name}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        resumed = _size(partial) > 0
        self._transfer(url, partial, on_progress)
        if resumed and git_blob_id(partial) != blob_id:
            # What was left from before may be of another file.
            partial.unlink()
            self._transfer(url, partial, on_progress)
        found = git_blob_id(partial)
        if found != blob_id:
            size = partial.stat().st_size
            partial.unlink()
            raise DownloadError(
                f"{url} is not the file that was expected: its {size:,} bytes have the git blob id "
                f"{found}, expected {blob_id}. A proxy or login page may have answered instead; "
                "open the address in a browser to see what it shows"
            )
        partial.replace(path)
        return True

    def _transfer(self, url: str, partial: Path, on_progress: OnProgress) -> None:
        fruitless, wait_s = 0, self.retry_wait_s
        while True:
            before = _size(partial)
            try:
                return self._attempt(url, partial, on_progress)
            except _InterruptedError as error:
                gained = _size(partial) > before
                fruitless = 0 if gained else fruitless + 1
                if fruitless >= self.max_fruitless_attempts:
                    size = _size(partial)
                    kept = f" {size:,} bytes are kept in {partial}; the next try continues there."
                    raise DownloadError(
                        f"cannot fetch {url}: {error}, {fruitless} times in a row. Check that this "
                        f"machine reaches {urlsplit(url).netloc} (a proxy is taken from the "
                        f"variable https_proxy).{kept if size else ''}"
                    ) from error
                wait_s = self.retry_wait_s if gained else wait_s * 2
            time.sleep(wait_s)

    def _attempt(self, url: str, partial: Path, on_progress: OnProgress) -> None:
        start = _size(partial)
        request = urllib.request.Request(url, headers={"User-Agent": "glamor-ros"})
        if start:
            request.add_header("Range", f"bytes={start}-")
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as response:
                _append(response, partial, start, on_progress)
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                return  # all of it is here already, or it is not this file: its id will tell
            if error.code in _RETRIED_STATUSES:
                raise _InterruptedError(f"the server says {error.code} {error.reason}") from error
            raise DownloadError(
                f"cannot fetch {url}: the server says {error.code} {error.reason}; the file may "
                "have moved"
            ) from error
        except urllib.error.URLError as error:
            raise _InterruptedError(f"no connection ({error.reason})") from error
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            text = str(error) or type(error).__name__
            raise _InterruptedError(f"the connection broke ({text})") from error


def _append(
    response: http.client.HTTPResponse, partial: Path, start: int, on_progress: OnProgress
) -> None:
    """Write what arrives to the partial file.

    It is appended after the first `start` bytes if the server continues there, else begun anew.
    """
    expected_range = f"bytes {start}-"
    continues = response.status == http.HTTPStatus.PARTIAL_CONTENT and response.headers.get(
        "Content-Range", ""
    ).startswith(expected_range)
    done = start if continues else 0
    length = response.headers.get("Content-Length")
    total = done + int(length) if length is not None else None
    with partial.open("ab" if continues else "wb") as file:
        on_progress(done, total)
        while chunk := response.read(_CHUNK_BYTES):
            file.write(chunk)
            done += len(chunk)
            on_progress(done, total)
    if total is not None and done < total:
        raise _InterruptedError(f"the connection broke after {done:,} of {total:,} bytes")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
