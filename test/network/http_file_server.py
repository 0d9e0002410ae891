"""A file server on the loopback interface that fails as told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """files: content by name. Each request takes the next fault of its file, if any is left.

    Faults: an HTTP status to answer with, or ("drop", n): close the connection after n bytes.
    requests: (name, Range header or "") of each request, in order.
    """

    files: dict[str, bytes]
    faults: dict[str, list[int | tuple[str, int]]] = field(default_factory=dict)
    supports_range: bool = True
    says_length: bool = True
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(server: FileServer) -> Iterator[FileServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            range_header = self.headers.get("Range", "")
            server.requests.append((name, range_header))
            faults = server.faults.get(name, [])
            fault = faults.pop(0) if faults else None
            if name not in server.files:
                fault = 404
            if isinstance(fault, int):
                self.send_error(fault)
                return
            self._send(server.files[name], range_header, fault[1] if fault else None)

        def _send(self, content: bytes, range_header: str, drop_after: int | None) -> None:
            start = 0
            if range_header and server.supports_range:
                start = int(range_header.removeprefix("bytes=").rstrip("-"))
                if start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            else:
                self.send_response(200)
            if server.says_length:
                self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = len(content) if drop_after is None else start + drop_after
            self.wfile.write(content[start:end])

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http_server:
        server.url = f"http://127.0.0.1:{http_server.server_port}"
        thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            http_server.shutdown()
            thread.join()
