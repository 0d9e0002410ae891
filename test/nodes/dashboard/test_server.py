"""The web server: what it serves, to whom, and what it refuses."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("wsproto")
testclient = pytest.importorskip("starlette.testclient")

from starlette.websockets import WebSocketDisconnect  # noqa: E402 (after the skip)

from glamor_ros.nodes.dashboard.access import AccessRules, access_rules  # noqa: E402
from glamor_ros.nodes.dashboard.commands import CommandAnswer  # noqa: E402
from glamor_ros.nodes.dashboard.hub import Hub, Picture, Text  # noqa: E402
from glamor_ros.nodes.dashboard.server import WebServer, build_app, listen  # noqa: E402

HOST = "127.0.0.1:8080"
VIEWER = f"ws://{HOST}/viewer"
TOKEN = "a-token-long-enough"
LOOPBACK = access_rules("127.0.0.1", "", [])
WIDE = AccessRules(frozenset({"localhost", "robot.local"}), is_open=True, token=TOKEN)


def client_of(
    rules: AccessRules = LOOPBACK,
    hub: Hub | None = None,
    commands: list[str] | None = None,
) -> Any:
    def run_command(command: str) -> Future[CommandAnswer]:
        if commands is not None:
            commands.append(command)
        answer: Future[CommandAnswer] = Future()
        answer.set_result(CommandAnswer(True, f"did {command}"))
        return answer

    app = build_app(hub or Hub(max_viewers=2), rules, run_command, '{"type":"welcome"}')
    return testclient.TestClient(app, base_url=f"http://{HOST}", follow_redirects=False)


def test_the_page_and_its_files() -> None:
    client = client_of()
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")

    for name in ("style.css", "dashboard.js", "uplot/uPlot.iife.min.js"):
        assert f'"/{name}"' in page.text
        assert client.get(f"/{name}").status_code == 200
    assert client.get("/dashboard.js").headers["content-type"].startswith("text/javascript")
    assert "MIT License" in client.get("/uplot/LICENSE").text


def test_every_file_that_a_script_imports_is_served() -> None:
    client = client_of()
    scripts = ["dashboard.js"]
    for name in scripts:
        text = client.get(f"/{name}").text
        imported = [line.split('"')[1] for line in text.splitlines() if line.startswith("import ")]
        for path in imported:
            assert client.get(path).status_code == 200, path
            if path[1:] not in scripts:
                scripts.append(path[1:])
    assert len(scripts) >= 4


@pytest.mark.parametrize("path", ["/", "/style.css", "/nothing"])
def test_every_response_carries_a_strict_policy(path: str) -> None:
    headers = client_of().get(path).headers

    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@contextmanager
def served(rules: AccessRules = LOOPBACK) -> Iterator[int]:
    """The port of a real server."""
    hub = Hub(max_viewers=2)
    app = build_app(hub, rules, lambda command: Future(), "{}")
    listening = listen("127.0.0.1", 0)
    server = WebServer(app, listening)
    try:
        yield listening.getsockname()[1]
    finally:
        hub.close()
        server.stop()
        assert not server.is_running


TRAVERSALS = (
    "/../server.py",
    "/../../../../../../../../etc/passwd",
    "/..%2fserver.py",
    "/%2e%2e/%2e%2e/server.py",
    "/uplot/../../server.py",
    "/uplot/..%2f..%2fserver.py",
    "/..\\server.py",
    "/..%5cserver.py",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
    "/file:///etc/passwd",
    "/page.html%00.js",
    "/static/page.html",
    "/./page.html%2f..%2f..%2fserver.py",
    "/__init__.py",
    "/uplot",
    "/uplot/",
)


def test_no_request_opens_a_file_outside_the_folder() -> None:
    # A client of a library would clean the path up before it sends it.
    with served() as port:
        for path in TRAVERSALS:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.putrequest("GET", path, skip_host=True)
            connection.putheader("Host", f"127.0.0.1:{port}")
            connection.endheaders()
            response = connection.getresponse()
            body = response.read()
            connection.close()
            assert response.status == 404, path
            assert b"import" not in body
            assert b"root:" not in body


def test_files_are_not_opened_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of()

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("io.open", refuse)
    monkeypatch.setattr("os.open", refuse)
    assert client.get("/style.css").status_code == 200
    assert client.get("/../style.css.bak").status_code == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("127.0.0.1:9999", 200),  # a port that ssh forwards
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8080", 200),
        ("127.1.2.3", 200),
        ("evil.example", 421),
        ("evil.example:8080", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("192.168.1.7:8080", 421),
        ("user@evil.example", 421),
        ("[", 421),
        ("", 421),
    ],
)
def test_it_answers_to_its_own_names_alone(host: str, status: int) -> None:
    assert client_of().get("/", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("192.168.1.7:8080", 401),
        ("robot.local:8080", 401),
        ("[fe80::1]", 401),
        ("evil.example", 421),
    ],
)
def test_opened_wider_it_answers_to_addresses_and_known_names(host: str, status: int) -> None:
    assert client_of(WIDE).get("/", headers={"host": host}).status_code == status


def test_an_open_address_always_has_a_token() -> None:
    rules = access_rules("0.0.0.0", "", [])
    assert rules.is_open
    assert rules.token is not None
    assert len(rules.token) >= 16
    assert rules.token != access_rules("0.0.0.0", "", []).token
    assert access_rules("0.0.0.0", TOKEN, []).token == TOKEN
    assert access_rules("", "", []).token is not None, "an empty host is every address"
    assert access_rules("::", "", []).token is not None
    for loopback in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        rules = access_rules(loopback, "", [])
        assert (rules.token, rules.is_open) == (None, False), loopback
    assert access_rules("127.0.0.1", TOKEN, []).token == TOKEN
    assert access_rules("127.0.0.1", "", ["Robot.Example"]).allows_host("robot.example:80")


def test_without_the_token_there_is_nothing_but_the_way_to_sign_in() -> None:
    client = client_of(WIDE)
    for path in ("/", "/page.html", "/dashboard.js", "/nothing", "/?token=wrong", "/?token="):
        response = client.get(path)
        assert response.status_code == 401, path
        assert 'name="token"' in response.text
    assert client.get("/style.css").status_code == 200
    assert client.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401
    client.cookies.set("glamor_dashboard_token", "wrong")
    assert client.get("/").status_code == 401
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(VIEWER):
        pass
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"{VIEWER}?token={TOKEN}"):
        pass


def test_the_token_signs_in_and_leaves_the_address() -> None:
    client = client_of(WIDE)
    response = client.get(f"/?token={TOKEN}")

    assert (response.status_code, response.headers["location"]) == (303, "/")
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/").status_code == 200
    with client.websocket_connect(VIEWER) as viewer:
        assert viewer.receive_json() == {"type": "welcome"}
    assert client_of(WIDE).get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": f"http://{HOST}.evil.example"},
        {"origin": "http://127.0.0.1:9999"},  # another server of this machine
        {"origin": "null"},
        {"origin": f"file://{HOST}"},
        {"host": "evil.example", "origin": "http://evil.example"},
    ],
)
def test_a_page_from_elsewhere_cannot_watch(headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect), client_of().websocket_connect(VIEWER, headers=headers):
        pass


def test_the_own_page_watches_and_orders() -> None:
    hub, commands = Hub(max_viewers=2), list[str]()
    client = client_of(hub=hub, commands=commands)
    with client.websocket_connect(VIEWER, headers={"origin": f"http://{HOST}"}) as viewer:
        assert viewer.receive_json() == {"type": "welcome"}
        viewer.send_json({"watch": ["front"], "attention": []})
        hub.publish(Text("people", "front", '{"n":1}'), Picture("front", lambda: b"jpeg"))
        assert viewer.receive_json() == {"n": 1}
        # The text may have come before the camera was watched, the picture only after.
        assert viewer.receive_bytes() == b"jpeg"
        for command in ("pause", "resume", "reset"):
            viewer.send_json({"command": command})
            assert viewer.receive_json() == {
                "type": "answer",
                "command": command,
                "succeeded": True,
                "text": f"did {command}",
            }
    assert commands == ["pause", "resume", "reset"]
    assert hub.viewer_count == 0


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "7",
        "null",
        '{"command":"shut down"}',
        '{"command":["pause"]}',
        '{"watch":"front","attention":[]}',
        '{"watch":[1],"attention":[]}',
        '{"watch":[]}',
        '{"shown":{}}',
        "[" * 2000,
    ],
)
def test_a_viewer_that_talks_nonsense_is_let_go(text: str) -> None:
    hub, commands = Hub(max_viewers=1), list[str]()
    with client_of(hub=hub, commands=commands).websocket_connect(VIEWER) as viewer:
        viewer.receive_json()
        viewer.send_text(text)
        with pytest.raises(WebSocketDisconnect) as closed:
            viewer.receive_json()
        assert closed.value.code == 1003
    assert commands == []
    assert hub.viewer_count == 0


def test_one_viewer_too_many_is_told_so() -> None:
    hub = Hub(max_viewers=1)
    client = client_of(hub=hub)
    with client.websocket_connect(VIEWER) as first:
        first.receive_json()
        with client.websocket_connect(VIEWER) as second:
            with pytest.raises(WebSocketDisconnect) as closed:
                second.receive_json()
            assert closed.value.code == 4001
            assert "max_viewers" in closed.value.reason


def test_a_viewer_that_takes_nothing_in_is_let_go_and_slows_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("glamor_ros.nodes.dashboard.viewer_connection.SEND_TIMEOUT_S", 0.3)
    hub = Hub(max_viewers=2)
    app = build_app(hub, LOOPBACK, lambda command: Future(), "{}")
    listening = listen("127.0.0.1", 0)
    server = WebServer(app, listening)
    stuck, quick = (WebSocketPeer(listening.getsockname()[1]) for _ in range(2))
    try:
        assert quick.receive() == b"{}"
        text = "x" * 1_000_000
        for number in range(40):
            hub.publish(Text("people", "front", f"{number} {text}"))
            assert quick.receive().startswith(f"{number} ".encode())
            if hub.viewer_count == 1:
                break
        wait_until_count(hub, 1)
        hub.publish(Text("people", "front", "the end"))
        assert quick.receive() == b"the end"
    finally:
        stuck.close()
        quick.close()
        hub.close()
        server.stop()


def test_a_viewer_killed_in_mid_stream_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub(max_viewers=2)
    app = build_app(hub, LOOPBACK, lambda command: Future(), "{}")
    listening = listen("127.0.0.1", 0)
    server = WebServer(app, listening)
    killed, staying = (WebSocketPeer(listening.getsockname()[1]) for _ in range(2))
    try:
        assert staying.receive() == b"{}"
        text = "x" * 1_000_000
        for number in range(8):
            hub.publish(Text("people", "front", f"{number} {text}"))
            assert staying.receive().startswith(f"{number} ".encode())
            if number == 3:
                # Much is on its way to it by now, and nothing has been read.
                assert hub.viewer_count == 2
                killed.abort()
        wait_until_count(hub, 1)
        hub.publish(Text("people", "front", "the end"))
        assert staying.receive() == b"the end"
        assert server.is_running
        assert [record.getMessage() for record in caplog.records] == []
    finally:
        staying.close()
        hub.close()
        server.stop()


def wait_until_count(hub: Hub, count: int) -> None:
    end_s = time.monotonic() + 20
    while hub.viewer_count != count:
        assert time.monotonic() < end_s
        time.sleep(0.01)


class WebSocketPeer:
    """A viewer that reads from its socket when it is told to, and not before (RFC 6455)."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self._socket.sendall(
            b"GET /viewer HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        self._file = self._socket.makefile("rb")
        assert b"101" in self._file.readline()
        while self._file.readline().strip():
            pass

    def send(self, frame: bytes) -> None:
        with suppress(OSError):
            self._socket.sendall(frame)

    def receive(self) -> bytes:
        """The next message, of one frame."""
        _, length = self._file.read(2)
        if length == 126:
            (length,) = struct.unpack(">H", self._file.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._file.read(8))
        return self._file.read(length)

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def abort(self) -> None:
        """Reset the connection, as the kernel does for a process that is killed."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


def test_a_long_message_is_refused() -> None:
    hub = Hub(max_viewers=1)
    app = build_app(hub, LOOPBACK, lambda command: Future(), "{}")
    listening = listen("127.0.0.1", 0)
    server = WebServer(app, listening)
    try:
        peer = WebSocketPeer(listening.getsockname()[1])
        assert peer.receive() == b"{}"
        payload = json.dumps({"shown": "x" * 100_000}).encode()
        header = struct.pack(">BBQ", 0x81, 0x80 | 127, len(payload)) + b"\0\0\0\0"
        peer.send(header + payload)
        wait_until_count(hub, 0)
        peer.close()
    finally:
        hub.close()
        server.stop()


def test_a_port_in_use_is_an_error() -> None:
    with served() as port, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", port)


def test_loopback_alone_is_listened_on() -> None:
    listening = listen("127.0.0.1", 0)
    assert listening.getsockname()[0] == "127.0.0.1"
    listening.close()
