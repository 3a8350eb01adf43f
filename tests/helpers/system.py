"""Systems in which something is missing or fails, made by hand."""

import errno
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.command_line import command, environment


def failing(number: int) -> Callable[..., Any]:
    """A function of the system that fails with an error number."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def forbid(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make a folder one whose files nobody may look at, also for root."""
    look = os.stat

    def stat(path: Any, *more: Any, **options: Any) -> os.stat_result:
        if isinstance(path, str | Path) and folder in Path(os.path.abspath(path)).parents:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return look(path, *more, **options)

    monkeypatch.setattr(os, "stat", stat)


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
