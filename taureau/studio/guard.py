"""The guard: who may speak to the studio. It stands before the whole application, HTTP and sockets alike.

A request must come to a name of this server (against pages that point a name of theirs at it), from a page of this
server (against other pages in the same browser), and begin with the token. All answers forbid what the page does not
need.
"""

import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::", "")
"""Hosts that mean every address of this machine."""
HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """An application behind the guard.

    Args:
        app: what may be reached.
        token: what every path must begin with.
        host: the address that the server listens at.
    """

    def __init__(self, app: Application, *, token: str, host: str) -> None:
        self._app = app
        self._token = token.encode()
        self._host = host.strip("[]").lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass, without the token in its path."""
        if scope["type"] not in ("http", "websocket"):
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(scope, receive, send, *refusal)
            return
        rest = scope["path"][len(self._token) + 1 :]
        # The page's own addresses are relative to the token's folder.
        if not rest:
            await _refuse(scope, receive, send, 308, "", [(b"location", b"/" + self._token + b"/")])
            return
        inner = {**scope, "path": rest, "raw_path": rest.encode()}
        await self._app(inner, receive, _guarded(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts, origins = headers.get(b"host", []), headers.get(b"origin", [])
        name = _name_of(hosts[0].decode("latin-1")) if len(hosts) == 1 else None
        if name is None or not self._is_own(name):
            return 403, "this server is not called so; open the address that was printed"
        if any(not _is_same(origin, hosts[0]) for origin in origins):
            return 403, "another page may not speak to the studio"
        first, _, _ = scope["path"].lstrip("/").partition("/")
        if not scope["path"].startswith("/") or not hmac.compare_digest(first.encode(), self._token):
            return 404, "there is nothing here; open the address that was printed"
        if scope["path"].startswith("//"):
            return 404, "there is nothing here; open the address that was printed"
        return None

    def _is_own(self, name: str) -> bool:
        if name in LOCAL or name == self._host:
            return True
        if self._host in LOCAL:
            return False
        machine = socket.gethostname().lower()
        # Where the server listens at every address, which they are is the network's business.
        return name in (machine, f"{machine}.local") or (self._host in EVERYWHERE and _is_number(name))


def _name_of(host: str) -> str | None:
    """The name in a Host header, without its port; None where it is no host."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # a port that is none raises
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and "@" not in host else None


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_same(origin: bytes, host: bytes) -> bool:
    """Whether an origin is this server, by the name that the request gave it."""
    scheme, _, rest = origin.lower().partition(b"://")
    return scheme in (b"http", b"https") and rest == host.lower()


def _guarded(send: Send) -> Send:
    async def with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            own = {name for name, _ in HEADERS}
            kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in own]
            message = {**message, "headers": [*kept, *HEADERS]}
        await send(message)

    return with_headers


async def _refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    text: str,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    head = [(b"content-type", b"text/plain; charset=utf-8"), *(headers or [])]
    await _guarded(send)({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})
