"""Optional packages: those of the extra `plot`, loaded when a format needs them."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import taureau


def load(name: str) -> Any:
    """A package of the extra `plot`, or a module of one.

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
            f"{package} is not installed, and pages need it; install it with: pip install 'taureau[plot]'"
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
