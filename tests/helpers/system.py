"""Systems in which something is missing or fails, made by hand."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.helpers.command_line import command, environment


def failing(number: int) -> Callable[..., Any]:
    """A function of the system that fails with an error number."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def run_program(
    *words: str | Path, env: Mapping[str, str] | None = None, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run `taureau` in a process of its own, to its end."""
    given = {"capture_output": True} if not {"stdout", "stderr"} & more.keys() else {}
    return subprocess.run(command(*words), env={**environment(), **(env or {})}, check=False, **given, **more)


def assert_no_traceback(said: bytes) -> None:
    """Nothing that a program says only when something unforeseen happened to it."""
    for word in (b"Traceback", b"this is a bug", b"Exception ignored", b"unexpected"):
        assert word not in said, said.decode(errors="replace")
