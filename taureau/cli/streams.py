"""stdin, stdout and stderr as a shell, cron, a service manager or another program hands them over.

Each may be closed, never send anything, be full, or not wait. What is said on stderr is never worth a drawing.
"""

import io
import logging
import os
import select
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

import taureau
from taureau.cli.names import shown


class _Heedless(io.FileIO):
    """A file that takes everything, and drops what cannot be written: stderr's reader may have gone."""

    def write(self, data: Any) -> int:
        with suppress(OSError):
            written = super().write(data)
            if written is not None:  # None where the stream does not wait and is full
                return written
        return memoryview(data).nbytes


class _Said(logging.Handler):
    """Prints what the library has to say as the command prints its own warnings."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"taureau: warning: {shown(record.getMessage())}", err=True)


def open_standard_streams() -> None:
    """Make the three streams safe to use; to be called once, when the program begins."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The next file would get this number, and whatever a library prints would be written into that file.
            os.open(os.devnull, os.O_RDWR)
    encoding = sys.stderr.encoding if sys.stderr is not None else "utf-8"
    raw = io.BufferedWriter(_Heedless(2, "wb", closefd=False))
    sys.stderr = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", line_buffering=True)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name may hold what the terminal's alphabet lacks
    logging.getLogger("taureau").addHandler(_Said())


def close_standard_streams() -> None:
    """Write what is left; Python would report a failure at its very end, with a traceback."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class StandardInput:
    """The photo that is piped in.

    Attributes:
        name: what the library calls it.

    Raises:
        InputError: there is no pipe, or nothing comes out of it.
    """

    name = "<stdin>"

    def __init__(self) -> None:
        if sys.stdin is None or sys.stdin.isatty():
            raise _nothing_piped_in()
        # Python's buffer takes a stream that does not wait, and has nothing yet, for one that has ended.
        self._stream = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        try:
            self._first = self._next(1 << 16)
        except OSError as error:
            raise taureau.InputError(f"standard input: cannot be read ({error.strerror}); name a file") from error
        if not self._first:
            raise _nothing_piped_in()

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""
        if self._first:
            block = self._first if size < 0 else self._first[:size]
            self._first = self._first[len(block) :]
            return block
        return self._next(size if size >= 0 else 1 << 20)

    def _next(self, size: int) -> bytes:
        while (block := self._stream.read(size)) is None:
            select.select([self._stream], [], [])
        return block


def _nothing_piped_in() -> Exception:
    return taureau.InputError("-: nothing is piped in; pipe a photo in, or name a file")


def check_stdout() -> None:
    """Refuse, before any work, to draw to a stdout that is closed."""
    if sys.stdout is None:
        raise taureau.InputError("standard output is closed; give -o a file")


def write_stdout(data: bytes) -> None:
    """Write all of it, also where the stream does not wait.

    Raises:
        BrokenPipeError: the reader has gone.
        InputError: it is closed, full, or cannot be written.
    """
    check_stdout()
    stream, rest = sys.stdout.buffer, memoryview(data)
    try:
        while rest:
            try:
                rest = rest[stream.write(rest) :]
            except BlockingIOError as error:
                rest = rest[error.characters_written :]
                select.select([], [stream], [])
        while True:
            try:
                stream.flush()
                return
            except BlockingIOError:
                select.select([], [stream], [])
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error).lower()
        raise taureau.InputError(f"standard output: cannot be written ({reason}); give -o a file") from error


def write_device(device: Path, data: bytes) -> None:
    """Write to a pipe, a terminal or the like, as to a stream.

    Raises:
        BrokenPipeError: the reader has gone.
        InputError: it is full or cannot be written.
    """
    try:
        with open(device, "wb") as stream:
            stream.write(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise taureau.InputError(f"{shown(device)}: cannot be written ({reason}); use another -o") from error
