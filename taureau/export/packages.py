"""Optional packages: those of the extras `plot`, `video` and `chart`, loaded when a format needs them."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import taureau


def load(name: str, *, extra: str = "plot", what: str = "pages") -> Any:
    """A package of an extra, or a module of one, that something needs.

    Raises:
        BackendError: it is not installed.
    """
    try:
        with _some_home():
            return import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise taureau.BackendError(
            f"{package} is not installed, and {what} need it; install it with: pip install 'taureau[{extra}]'"
        ) from error


@contextmanager
def _some_home() -> Iterator[None]:
    """A home for an account that has none: ezdxf looks for its settings there as soon as it is loaded."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = tempfile.gettempdir()
        try:
            yield
        finally:
            del os.environ["HOME"]
    else:
        yield
