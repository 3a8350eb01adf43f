"""Downloads from the hub: resumed where they stopped, checked against the hub's hash, then renamed.

The hub's own client was the first choice. Its current version starts a cut download again from nothing, compares no
hash of what came over plain HTTP, and reads its environment once, at import; `docs/perception.md` has the details.
Only the standard library is used here, and the environment means what it means to that client.
"""

import hashlib
import os
import re
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from taureau.errors import WeightsError
from taureau.files import sync
from taureau.version import __version__
from taureau.weights.safetensors import CHUNK_BYTES, hash_file

DEFAULT_ENDPOINT = "https://huggingface.co"
TIMEOUT_SECONDS = 30.0
# A connection that broke is tried again after these pauses; bytes that arrived start the count anew.
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)
MAX_REDIRECTS = 5
_ADDRESS = re.compile(r"https?://(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?(?:/[\w.~%+-]+)*", re.ASCII)
# Anything visible: what a header cannot hold would end up, token and all, in the text of an exception.
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class RemoteFile:
    """A file as the hub describes it.

    Args:
        url: where its bytes are, fixed to one revision.
        size: its length in bytes.
        etag: the hash that the hub publishes: SHA-256 of large files, Git's blob hash of small ones.
        revision: the commit of the repository that it belongs to.
    """

    url: str
    size: int
    etag: str
    revision: str

    def hash_of(self, file: Path) -> str:
        """The hash of a file on this machine, of the kind that `etag` is."""
        if len(self.etag) == 64:
            return hash_file(file)
        # Files outside the hub's large file storage have Git's hash, which begins with the kind and the length.
        return hash_file(file, hashlib.sha1(b"blob %d\0" % file.stat().st_size, usedforsecurity=False))


class _Refused(Exception):
    """A failure that a retry does not change."""


class _Interrupted(Exception):
    """A failure of the network that a retry may solve."""


class _KeepRedirects(urllib.request.HTTPErrorProcessor):
    """Redirects are returned, not followed: the hub's description of a file stands in the redirect itself."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        return response if 300 <= response.status < 400 else super().http_response(request, response)

    https_response = http_response


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects are followed, but not from an encrypted connection to a plain one."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise _Refused(f"the hub redirects to a connection without encryption ({_host(newurl)})")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_offline() -> bool:
    """Whether `HF_HUB_OFFLINE` forbids the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def describe(repository: str, filename: str, revision: str = "main") -> RemoteFile:
    """Ask the hub for the size and the hash of a file.

    Raises:
        WeightsError: the hub cannot be reached, has no such file, refuses, or publishes no hash of it.
    """
    opener = urllib.request.build_opener(_KeepRedirects)
    with _explain(f"{repository}/{filename}"):
        url = f"{_endpoint()}/{repository}/resolve/{revision}/{filename}"
        for _ in range(MAX_REDIRECTS):
            headers = _ask(opener, url)
            etag, size = headers.get("X-Linked-Etag"), headers.get("X-Linked-Size")
            location = headers.get("Location")
            if location is None:
                etag, size = etag or headers.get("ETag"), size or headers.get("Content-Length")
            # A renamed repository redirects within the hub. A redirect that leaves it must carry the description.
            if location is None or (etag and size) or _host(urllib.parse.urljoin(url, location)) != _host(url):
                break
            url = urllib.parse.urljoin(url, location)
        etag = (etag or "").removeprefix("W/").strip('"').lower()
        commit = headers.get("X-Repo-Commit") or ""
        if not re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{40}", etag) or not re.fullmatch(r"[0-9]{1,15}", size or ""):
            raise _Refused("the answer has no size and hash to check the file against, so this is not the hub")
        if re.fullmatch(r"[0-9a-f]{40}", commit):
            url = url.replace(f"/resolve/{revision}/", f"/resolve/{commit}/")
    return RemoteFile(url, int(size or ""), etag, commit)


def download(
    remote: RemoteFile, target: Path, check: Callable[[Path], None], progress: Callable[[int], None] = lambda _: None
) -> None:
    """Download a file to `target`, and resume what an earlier attempt left.

    A file that is already there with the right hash stays as it is. The caller makes sure that no two processes
    download the same file at once.

    Args:
        remote: what `describe` gave.
        target: the final name, in a folder that exists; it appears only when everything is right.
        check: looks at the complete file under its temporary name, and raises when it is not what it should be.
        progress: called with the number of bytes that are here.

    Raises:
        WeightsError: the connection fails for good, the bytes are not the ones that the hub described, `check`
            refused them, or the disk has no room. A partial download that may still be right is kept for the next time.
        OSError: the file cannot be written.
    """
    partial = partial_name(target, remote)
    with _explain(target.name):
        if target.is_file() and target.stat().st_size == remote.size and remote.hash_of(target) == remote.etag:
            progress(remote.size)
            return
        free = shutil.disk_usage(target.parent).free
        if remote.size > free:
            raise _Refused(f"it needs {remote.size} bytes, but the disk has {free} left ({target.parent})")
        _receive(remote, partial, progress)
        found = remote.hash_of(partial)
        if found != remote.etag:
            partial.unlink()
            reason = f"the download has the hash {found}, but the hub publishes {remote.etag}"
            raise _Refused(f"{reason}; nothing was kept, run the same command again")
        try:
            check(partial)
        except WeightsError as error:
            partial.unlink()
            raise _Refused(f"the hub's file cannot be used: {error}") from error
        os.replace(partial, target)


def partial_name(target: Path, remote: RemoteFile) -> Path:
    """The temporary file of a download; each version of a file has its own."""
    return target.with_name(f"{target.name}.{remote.etag[:16]}.partial")


def _receive(remote: RemoteFile, partial: Path, progress: Callable[[int], None]) -> None:
    """Append to `partial` until it has the size that the hub described."""
    failures = 0
    with open(partial, "ab") as stream:
        if stream.tell() > remote.size:
            stream.truncate(0)
        while (before := stream.seek(0, os.SEEK_END)) < remote.size:
            progress(before)
            try:
                _receive_once(remote, stream, progress)
            except _Interrupted:
                failures = 0 if stream.tell() > before else failures
                if failures == len(PAUSES_SECONDS):
                    raise
                time.sleep(PAUSES_SECONDS[failures])
                failures += 1
        stream.flush()
        sync(stream)
    progress(remote.size)


def _receive_once(remote: RemoteFile, stream: IO[bytes], progress: Callable[[int], None]) -> None:
    here = stream.tell()
    request = _request(remote.url)
    if here:
        request.add_header("Range", f"bytes={here}-")
    with _open(urllib.request.build_opener(_SafeRedirects), request) as answer:
        if here and answer.status != 206:
            stream.truncate(0)  # the server sends the whole file, whatever it was asked for
            here = stream.seek(0)
        elif here and not (answer.headers.get("Content-Range") or "").startswith(f"bytes {here}-"):
            raise _Refused(f"the server sends a part that was not requested ({answer.headers.get('Content-Range')})")
        length = answer.headers.get("Content-Length")
        if length is not None and length != str(remote.size - here):
            raise _Refused(f"the server sends {length} bytes, but {remote.size - here} are missing")
        # One byte more than promised is enough to know that the answer is not the file; it may never end.
        while chunk := _read(answer, min(CHUNK_BYTES, remote.size - here + 1)):
            if len(chunk) > remote.size - here:
                raise _Refused(f"the server sends more than the {remote.size} bytes of the file")
            stream.write(chunk)
            here += len(chunk)
            progress(here)
    if here < remote.size:
        raise _Interrupted(f"the connection ended after {here} of {remote.size} bytes")


def _ask(opener: urllib.request.OpenerDirector, url: str) -> Message:
    """The headers of a file, with a limited number of retries."""
    for pause in (*PAUSES_SECONDS, None):
        try:
            with _open(opener, _request(url, method="HEAD")) as answer:
                return answer.headers
        except _Interrupted:
            if pause is None:
                raise
            time.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _endpoint() -> str:
    """The hub's address. An address that cannot be used is not shown, since it may hold a password."""
    endpoint = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or DEFAULT_ENDPOINT
    if not endpoint.startswith(("https://", "http://")):
        raise _Refused("HF_ENDPOINT is not a web address; it must begin with https://")
    if "@" in endpoint:
        raise _Refused("HF_ENDPOINT holds a name or a password (before @); remove it, and set HF_TOKEN if need be")
    if not _ADDRESS.fullmatch(endpoint):
        raise _Refused("HF_ENDPOINT is not a plain web address; write it as https://HOST or https://HOST/PATH")
    return endpoint


def _token() -> str:
    """The user's token, empty for none. It is never part of an error."""
    token = os.environ.get("HF_TOKEN", "").strip()
    if token and not _TOKEN.fullmatch(token):
        holds = "a line break" if re.search(r"[\r\n]", token) else "a character that no token has"
        raise _Refused(f"the variable HF_TOKEN holds {holds}; set it to the token alone, or unset it")
    return token


def _request(url: str, method: str = "GET") -> urllib.request.Request:
    headers = {"User-Agent": f"taureau/{__version__}", "Accept-Encoding": "identity"}
    request = urllib.request.Request(url, headers=headers, method=method)
    token = _token()
    if token:
        # Not sent on to where the hub redirects, so that no other host sees it.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    return request


def _open(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> Any:
    with _network():
        return opener.open(request, timeout=TIMEOUT_SECONDS)


def _read(answer: Any, length: int) -> bytes:
    with _network():
        return answer.read(length)


@contextmanager
def _network() -> Iterator[None]:
    """Separate failures that may pass from those that remain."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        answer = f"the hub answers {error.code} {error.reason}"
        if error.code in {408, 429} or error.code >= 500:
            raise _Interrupted(answer) from error
        advice = {
            401: "; if it needs an account, set HF_TOKEN to a token of yours",
            403: "; if it needs an account, set HF_TOKEN to a token of yours that may read it",
            404: "; if HF_ENDPOINT is set, check whether that mirror has it",
        }
        raise _Refused(answer + advice.get(error.code, "")) from error
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        kind = _Interrupted if isinstance(reason, TimeoutError | ConnectionError | HTTPException) else _Refused
        failed = f"the connection to the hub failed ({reason})"
        if kind is _Refused:
            failed += "; check your connection, or get the file elsewhere and pass it with --from FILE"
        raise kind(failed) from error


@contextmanager
def _explain(what: str) -> Iterator[None]:
    """Add the file and the next step to any failure of a download."""
    try:
        yield
    except _Refused as error:
        raise WeightsError(f"{what} was not fetched: {error}") from error
    except _Interrupted as error:
        advice = "run the same command again; it resumes where it stopped"
        raise WeightsError(f"{what} was not fetched: {error}; {advice}") from error


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc.rpartition("@")[2]
