"""Workers that share the networks: one process loads them and forks the workers, which copy what they write to.

The batch holds `ForkServer`; its process runs `fork_on_request`. A fork takes one thread along, and nothing that lies
on a GPU: where there is more than that, what is forked becomes a program of its own. Where the system cannot fork (see
`can_fork`), and for one worker alone, each worker is a program of its own from the start.
"""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import taureau

WORD = "fork-server"
"""The word that makes the program of a worker a fork server."""
_MOST_BYTES = 1 << 20
Begin = dict[str, Any]


def can_fork() -> bool:
    """Whether this system forks a program that has loaded its libraries; macOS has some that do not survive it."""
    return sys.platform == "linux"


class Forked:
    """A forked worker, with what of `subprocess.Popen` is asked of one.

    Attributes:
        stdin, stdout: the line to it.
        pid: None until it has said it.
        returncode: once it was waited for; None also where nobody can know it any more.
    """

    def __init__(self, server: "ForkServer") -> None:
        self._server = server
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        self.stdin = open(ours_in, "w", encoding="utf-8")  # noqa: SIM115 - as long as the worker
        self.stdout = open(ours_out, encoding="utf-8")  # noqa: SIM115
        self.pid: int | None = None
        self.returncode: int | None = None
        try:
            server.request_fork(theirs_in, theirs_out)
        finally:
            os.close(theirs_in)
            os.close(theirs_out)

    def kill(self) -> None:
        """End it at once. It is not reaped before `wait`, so its number is its own until then."""
        if self.returncode is not None:
            return
        if self.pid is None:  # it ends with the line, and so does one that is never forked
            with suppress(OSError):
                self.stdin.close()
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int | None:
        """Its exit code, as `Popen.wait` gives it; for a time when it has ended or was killed."""
        if self.returncode is None:
            self.returncode = self._server.end() if self.pid is None else self._server.wait_for(self.pid)
        return self.returncode


class ForkServer:
    """The process that loads once and forks workers.

    Args:
        command, options: of its program, as for `Popen`.
        begin: what workers are told first.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: list[str], options: dict[str, Any], begin: Begin) -> None:
        # Each message arrives as one.
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [*command, WORD], stdin=theirs.fileno(), stdout=subprocess.DEVNULL, encoding="utf-8", **options
            )
        with suppress(OSError):  # it has ended, which is seen when it is asked for a worker
            self._line.send(json.dumps(begin).encode())

    @property
    def is_there(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    def request_fork(self, theirs_in: int, theirs_out: int) -> None:
        """Ask for a worker with these files as stdin and stdout; it comes when all is loaded."""
        with suppress(OSError):
            socket.send_fds(self._line, [b"fork"], [theirs_in, theirs_out])

    def wait_for(self, pid: int) -> int | None:
        """The exit code of a worker that has ended; None where the server ended before it."""
        try:
            self._line.send(str(pid).encode())
            return int(self._line.recv(_MOST_BYTES))
        except (OSError, ValueError):
            return None

    def end(self) -> int:
        """End it, if it has not ended; its workers go on. Gives its exit code."""
        self._process.kill()
        self._line.close()
        return self._process.wait()


def fork_on_request(load: Callable[[Begin], Any], can_share: Callable[[Begin], bool]) -> Callable[[Begin], Any]:
    """Load, and fork a worker for each request. It returns in the workers alone.

    Args:
        load: what is loaded once, by what the batch says first.
        can_share: whether what it loads survives a fork.

    Returns:
        What gives a worker what was loaded.
    """
    line = socket.socket(fileno=0)
    begin = json.loads(line.recv(_MOST_BYTES))
    loaded, is_shared = None, can_share(begin)
    if is_shared:
        try:
            loaded = load(begin)
            is_shared = len(os.listdir("/proc/self/task")) == 1
        except (taureau.TaureauError, OSError):
            is_shared = False  # a worker meets the same, and says it
    gc.freeze()  # a collection in a worker would write to all that it shares
    while True:
        request, ends, _, _ = socket.recv_fds(line, _MOST_BYTES, 2)
        if not request:
            os._exit(0)
        if not ends:
            code = os.waitstatus_to_exitcode(os.waitpid(int(request), 0)[1])
            line.send(str(code).encode())
            continue
        if os.fork() == 0:
            line.detach()
            for place, end in enumerate(ends):
                os.dup2(end, place)
                os.close(end)
            if not is_shared:
                os.execv(sys.executable, [word for word in sys.orig_argv if word != WORD])
            return lambda _begin: loaded
        for end in ends:
            os.close(end)
