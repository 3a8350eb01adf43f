"""Optional packages: those of the extra `evaluate`, loaded where they are needed."""

from importlib import import_module
from typing import Any

import taureau


def load(name: str, what: str) -> Any:
    """A package of the extra, or a module of one.

    Args:
        name: as it is imported.
        what: what needs it, for the error.

    Raises:
        BackendError: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise taureau.BackendError(
            f"{package} is not installed, and {what} needs it; install it with: pip install 'taureau[evaluate]'"
        ) from error
