"""A server for a study: it hands out the pages and collects the answers in one file, a line a participant.

An answer is acknowledged after it is on the disk. So whatever kills the server, every participant who was thanked is in
the file; a line that was cut off was never acknowledged, and the page sends it again.
"""

import hmac
import json
import os
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import taureau
from taureau.evaluate.packages import load
from taureau.evaluate.study.model import PAGE, Study, load_study

MAX_ANSWERS = 1 << 20


class AnswerFile:
    """The file of answers, open for one server.

    Args:
        path: the file; one that is there is continued.
        study: what the answers are to.

    Raises:
        InputError: it cannot be written, or another server writes to it.
    """

    def __init__(self, path: Path, study: Study) -> None:
        self._study, self._lock = study, threading.Lock()
        self._lines: set[bytes] = set()
        self.groups: Counter[int] = Counter()
        taureau.check_writable(path, overwrite=True)
        self._file = open(path, "a+b", buffering=0)  # noqa: SIM115 - open as long as the server runs
        try:
            _lock(self._file.fileno())
            self._file.seek(0)
            earlier = self._file.read()
            if earlier and not earlier.endswith(b"\n"):
                self._append(b"\n")  # what was cut off stays a line of its own, which the analysis names
            _sync_folder(path.absolute().parent)
        except BlockingIOError as error:
            self._file.close()
            raise taureau.InputError(f"{path}: another server writes to it; stop it, or give --answers FILE") from error
        for line in earlier.splitlines():
            self._note(line)

    def append(self, value: dict[str, Any]) -> None:
        """Write answers, and return when they are on the disk; the same answers are written once.

        Raises:
            OSError: they are not on the disk: it is full or broken.
        """
        line = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        with self._lock:
            if line not in self._lines:
                self._append(line + b"\n")
                self._note(line)

    def close(self) -> None:
        """Let another server have the file."""
        self._file.close()

    def least_used_group(self) -> int:
        """The group with the fewest participants so far, which the next one joins."""
        with self._lock:
            group = min(range(len(self._study.groups)), key=lambda number: self.groups[number])
            self.groups[group] += 1
            return group

    def _append(self, data: bytes) -> None:
        """Append all of `data` or nothing: what a full disk cut off is taken back."""
        start = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(data) < len(data):
                raise OSError("the disk took only a part of the answers")
            os.fsync(self._file.fileno())
        except OSError:
            os.ftruncate(self._file.fileno(), start)
            raise

    def _note(self, line: bytes) -> None:
        self._lines.add(line)
        try:
            group = json.loads(line)["group"]
        except (ValueError, KeyError, TypeError):
            return
        if isinstance(group, int):
            self.groups[group] += 1


def _lock(file: int) -> None:
    """Keep other servers from a file, where the system can."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_folder(folder: Path) -> None:
    """Let a new file's name reach the disk, where a folder can be opened at all."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def application(folder: Path, study: Study, answers: AnswerFile, token: str) -> Any:
    """The server as an ASGI application.

    Args:
        folder: what `build` wrote; only its pages are handed out.
        study: its study.
        answers: where answers go.
        token: what a participant's page must show.

    Raises:
        BackendError: Starlette is not installed.
    """
    load("starlette", "serving a study")
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import JSONResponse, PlainTextResponse, Response
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    def refused(request: Request) -> Response | None:
        shown = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(shown, f"Bearer {token}".encode()):
            return PlainTextResponse("the token is wrong; open the page by the address that you were given", 401)
        return None

    async def group(request: Request) -> Response:
        return refused(request) or JSONResponse({"group": answers.least_used_group()})

    async def take(request: Request) -> Response:
        refusal = refused(request)
        if refusal is not None:
            return refusal
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MAX_ANSWERS:
                return PlainTextResponse(f"more than {MAX_ANSWERS >> 20} MiB are no answers", 413)
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return PlainTextResponse("these are no answers: they are no JSON", 400)
        if not isinstance(value, dict) or value.get("study") != study.id:
            return PlainTextResponse("these are no answers to this study", 400)
        try:
            await run_in_threadpool(answers.append, value)
        except OSError as error:
            return PlainTextResponse(f"the answers cannot be kept ({error.strerror or error})", 507)
        return JSONResponse({"kept": True})

    pages = StaticFiles(directory=folder / PAGE, html=True)
    return Starlette(
        routes=[Route("/group", group), Route("/answers", take, methods=["POST"]), Mount("/", pages)],
    )


def serve(folder: Path, answers: Path, *, host: str, port: int, token: str, ready: Callable[[str], None]) -> None:
    """Serve a study until a signal ends it.

    Args:
        folder: what `build` wrote.
        answers: the file that answers are appended to.
        host: the address to listen at.
        port: its port; 0 for any that is free.
        token: what participants' pages must show.
        ready: called with the address for participants once it can be opened.

    Raises:
        InputError: no study is there, the answers cannot be written, the address cannot be had, or the token cannot be
            a part of it.
        BackendError: a package is not installed.
    """
    uvicorn = load("uvicorn", "serving a study")
    if not re.fullmatch(r"[\w.~-]+", token, re.ASCII):
        raise taureau.InputError(
            f"the token must be letters, digits and -._~, got {token!r}; it is a part of an address"
        )
    study = load_study(folder)
    if not (folder / PAGE / "index.html").is_file():
        raise taureau.InputError(f"{folder}: has no {PAGE}/index.html; build the study again")
    kept = AnswerFile(answers, study)
    try:
        app = application(folder, study, kept, token)
        listening = _listen(host, port)
        number = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False))
        ready(f"http://{shown}:{number}/?token={token}")
        server.run(sockets=[listening])
    finally:
        kept.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        kind = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(kind[4][:2], family=kind[0])
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise taureau.InputError(
            f"{host}:{port}: cannot be listened at ({reason}); give another --port, such as 0 for a free one, or --host"
        ) from error
