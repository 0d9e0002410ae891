"""The web server of the dashboard: the page, its files, and a WebSocket for each viewer."""

from __future__ import annotations

import socket
import threading
from importlib.resources import files

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from .access import AccessRules
from .access_guard import AccessGuard
from .commands import RunCommand
from .hub import Hub
from .viewer_connection import ViewerConnection

MAX_CONNECTIONS = 200
# The page sends names of cameras, nothing longer.
MAX_MESSAGE_BYTES = 4096
UNSENT_TIMEOUT_MS = 10_000
STOP_TIMEOUT_S = 3

# Served under these names and no others. They are read when the server is made: no request names a
# file.
_MEDIA_TYPES = {
    "page.html": "text/html",
    "sign_in.html": "text/html",
    "style.css": "text/css",
    "dashboard.js": "text/javascript",
    "video.js": "text/javascript",
    "people.js": "text/javascript",
    "charts.js": "text/javascript",
    "health.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "uplot/uPlot.iife.min.js": "text/javascript",
    "uplot/uPlot.min.css": "text/css",
    "uplot/LICENSE": "text/plain",
}


def build_app(hub: Hub, rules: AccessRules, run_command: RunCommand, welcome: str) -> ASGIApp:
    """The dashboard's ASGI application.

    Args:
        hub: Has what the viewers get.
        rules: Who may use it.
        run_command: Carries out what a viewer orders.
        welcome: JSON text that each viewer gets first.
    """
    static = files(__package__) / "static"
    contents = {name: static.joinpath(name).read_bytes() for name in _MEDIA_TYPES}

    def respond(name: str, status: int = 200) -> Response:
        return Response(contents[name], status, media_type=_MEDIA_TYPES[name])

    async def page(request: Request) -> Response:
        return respond("page.html")

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        return respond(name) if name in contents else Response("There is no such file.\n", 404)

    async def viewer(websocket: WebSocket) -> None:
        await ViewerConnection(websocket, hub, run_command, welcome).run()

    app = Starlette(
        routes=[
            Route("/", page),
            WebSocketRoute("/viewer", viewer),
            Route("/{name:path}", file),
        ]
    )
    return AccessGuard(app, rules, sign_in=respond("sign_in.html", 401))


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        OSError: The address cannot be had.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.create_server(address[:2], family=family, backlog=64)
    # Inherited by the connections: one whose other end takes nothing in is ended by the system.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_TIMEOUT_MS)
    return listening


class WebServer:
    """The application, served in a thread of its own from the moment this is made.

    Args:
        app: Served.
        listening: The socket; closed in the end.
    """

    def __init__(self, app: ASGIApp, listening: socket.socket) -> None:
        self._listening = listening
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                ws="wsproto",
                ws_max_size=MAX_MESSAGE_BYTES,
                # Pictures are compressed already.
                ws_per_message_deflate=False,
                limit_concurrency=MAX_CONNECTIONS,
                lifespan="off",
                log_config=None,
                # Addresses may hold the token.
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=STOP_TIMEOUT_S,
            )
        )
        self._thread = threading.Thread(target=self._run, name="web server", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread is alive."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End all connections and the thread."""
        self._server.should_exit = True
        self._thread.join(STOP_TIMEOUT_S + 2)
        self._listening.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._listening])
