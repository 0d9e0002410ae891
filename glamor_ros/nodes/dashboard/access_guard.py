"""What lets requests through to the dashboard, or refuses them."""

from __future__ import annotations

from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .access import AccessRules

TOKEN_COOKIE = "glamor_dashboard_token"
# What the page that asks for the token is made of.
_OPEN_PATHS = frozenset({"/sign_in.html", "/style.css", "/icon.svg"})

# The page needs nothing but its own files, its own WebSocket and pictures that it decodes itself.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class AccessGuard:
    """ASGI middleware that lets through what the rules allow, and adds SECURITY_HEADERS.

    The address with `?token=...` signs in: it sets a cookie and leads to the same page without the
    token, which so stays out of bookmarks and histories.
    """

    def __init__(self, app: ASGIApp, rules: AccessRules, sign_in: Response) -> None:
        self._app = app
        self._rules = rules
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    *((k.lower().encode(), v.encode()) for k, v in SECURITY_HEADERS.items()),
                ]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "http":
            await refusal(scope, receive, send_with_headers)
        else:
            # Closed before it was accepted: the server answers 403.
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        if not self._rules.allows_host(host):
            text = (
                "This dashboard does not answer to that name. Use its address, or set the node's "
                "parameter allowed_hosts.\n"
            )
            return Response(text, 421, media_type="text/plain")
        if not self._rules.allows_origin(origin, host):
            return Response("Requests come from the dashboard's own page.\n", 403)
        if self._rules.token is None or scope["path"] in _OPEN_PATHS:
            return None
        return self._token_refusal(scope, headers)

    def _token_refusal(self, scope: Scope, headers: Headers) -> Response | None:
        in_address = QueryParams(scope["query_string"]).get("token")
        if in_address is not None and scope["type"] == "http" and scope["path"] == "/":
            if not self._rules.allows_token(in_address):
                return self._sign_in
            response = RedirectResponse("/", 303)
            response.set_cookie(TOKEN_COOKIE, in_address, httponly=True, samesite="lax")
            return response
        given = cookie_parser(headers.get("cookie", "")).get(TOKEN_COOKIE)
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._rules.allows_token(given) or self._rules.allows_token(bearer):
            return None
        return self._sign_in
