"""Optional packages: those of the extra `plot`, loaded when a format needs them."""

from importlib import import_module
from typing import Any

import taureau


def load(name: str) -> Any:
    """A package of the extra `plot`, or a module of one.

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
            f"{package} is not installed, and pages need it; install it with: pip install 'taureau[plot]'"
        ) from error
