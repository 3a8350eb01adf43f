"""A small server on this machine that answers like the hub, or misbehaves in one way that a test asks for.

The hub describes a file in the answer to HEAD, which is a redirect to the servers that hold the bytes. Small files it
sends itself, with Git's hash of them. Two addresses stand for the hub and for those servers.
"""

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git_hash(contents):
    return hashlib.sha1(b"blob %d\0" % len(contents) + contents).hexdigest()


@dataclass
class Hub:
    """What the server holds and how it behaves.

    `large` and `small` are files by "repository/name". Everything below `log` is a way to misbehave: `statuses` are
    answered first, one a request; `cuts` are the numbers of bytes after which a connection breaks, one a download.
    """

    large: dict = field(default_factory=dict)
    small: dict = field(default_factory=dict)
    log: list = field(default_factory=list)
    statuses: list = field(default_factory=list)
    cuts: list = field(default_factory=list)
    sent: bytes | None = None
    announced_size: int | None = None
    announced_hash: str | None = None
    length_header: str | None = "right"
    endless: bool = False
    ignores_ranges: bool = False
    wrong_part: bool = False
    describes: bool = True
    moved: dict = field(default_factory=dict)
    renames: bool = False
    to_plain: bool = False
    hold: threading.Event | None = None
    endpoint: str = ""
    store: str = ""

    def downloads(self):
        """The ranges asked for in each download of a large file; None where the whole was asked for."""
        return [headers.get("Range") for method, path, headers in self.log if path.startswith("/bytes/")]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        hub = self.server.hub
        hub.log.append((self.command, self.path, dict(self.headers)))
        if hub.statuses and (status := hub.statuses.pop(0)) != 200:
            return self.answer(status, b"<html>no</html>")
        if self.path.startswith("/bytes/"):
            return self.send_bytes(hub, hub.large[self.path.removeprefix("/bytes/")])
        repository, _, rest = self.path[1:].partition("/resolve/")
        name = f"{repository}/{rest.partition('/')[2]}"
        if repository in hub.moved:
            return self.answer(307, b"", {"Location": self.path.replace(repository, hub.moved[repository], 1)})
        if name in hub.small:
            contents = hub.small[name]
            return self.answer(200, contents, {"ETag": f'"{git_hash(contents)}"', "X-Repo-Commit": COMMIT})
        if name not in hub.large:
            return self.answer(404, b"Entry not found")
        if not hub.describes:
            return self.answer(200, b"<html>log in to this network</html>", {"Content-Type": "text/html"})
        contents = hub.large[name]
        etag = hub.announced_hash or hashlib.sha256(contents).hexdigest()
        size = len(contents) if hub.announced_size is None else hub.announced_size
        description = {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(size), "X-Repo-Commit": COMMIT}
        return self.answer(302, b"redirect", description | {"Location": f"{hub.store}/bytes/{name}"})

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_bytes(self, hub, contents):
        if hub.hold is not None:
            hub.hold.wait(20)
        start = 0
        asked = self.headers.get("Range")
        if asked and not hub.ignores_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        body = (contents if hub.sent is None else hub.sent)[start:]
        self.send_response(206 if asked and not hub.ignores_ranges else 200)
        if asked and not hub.ignores_ranges:
            first = start + 1 if hub.wrong_part else start
            self.send_header("Content-Range", f"bytes {first}-{len(contents) - 1}/{len(contents)}")
        if hub.length_header is not None and not hub.endless:
            self.send_header("Content-Length", str(len(body)) if hub.length_header == "right" else hub.length_header)
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            if hub.cuts and (cut := hub.cuts.pop(0)) is not None:
                self.wfile.write(body[:cut])
                self.close_connection = True
                return
            self.wfile.write(body)
            while hub.endless:
                self.wfile.write(bytes(65536))
        except OSError:  # the client has seen enough
            self.close_connection = True
        if hub.length_header != "right":
            self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: Hub


def serve(hub):
    """Start both servers; returns what stops them."""
    servers = [Server(("127.0.0.1", 0), Handler) for _ in range(2)]
    for server in servers:
        server.hub = hub
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    hub.endpoint, hub.store = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)

    def stop():
        for server in servers:
            server.shutdown()
            server.server_close()

    return stop
