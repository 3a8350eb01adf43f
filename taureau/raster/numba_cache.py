"""Keeps what numba compiled, in a folder of the user's, and draws on where that folder is broken, full or locked.

numba raises whatever its cache meets: a file that was cut off, a full disk, a folder without permission. None of that
is a reason not to draw: the loops are compiled again, which takes some seconds, and that is said once.
"""

import logging
import os
import stat
import tempfile
from contextlib import suppress
from functools import cache
from typing import Any

import platformdirs
from numba.core import caching

_log = logging.getLogger("taureau")


@cache
def cache_folder() -> str | None:
    """Where compiled loops are kept: `NUMBA_CACHE_DIR`, the user's cache, or the user's own folder for the moment.

    Returns:
        A folder that can be written, or None if there is none. Nobody else may write there, since code comes from it.
    """
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return named if _is_usable(named) else None
    usual = _users_cache()
    if usual is not None and _is_usable(os.path.join(usual, "numba")):
        return os.path.join(usual, "numba")
    own = os.path.join(tempfile.gettempdir(), f"taureau-{os.getuid() if hasattr(os, 'getuid') else 'cache'}")
    return own if _is_usable(own) and _is_private(own) else None


# The name without the underscore came with numba 0.61.
_Base: Any = getattr(caching, "UserProvidedCacheLocator", None) or getattr(caching, "_UserProvidedCacheLocator")  # noqa: B009


_Result: Any = caching.CompileResultCacheImpl


class Locator(_Base):
    """Finds the folder; numba asks a locator for each function."""

    def __init__(self, py_func: Any, py_file: str, folder: str) -> None:
        self._py_file = py_file
        self._lineno = py_func.__code__.co_firstlineno
        self._cache_path = os.path.join(folder, self.get_suitable_cache_subpath(py_file))

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "Locator | None":
        """The locator for a function; None if there is no folder."""
        folder = cache_folder()
        return None if folder is None else cls(py_func, py_file, folder)


class _Files(_Result):
    _locator_classes = (Locator,)


class SafeCache(caching.FunctionCache):
    """numba's cache of a function, whose failures cost time and nothing else."""

    _impl_class = _Files

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled for a signature; None to compile it."""
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # a pickle of a cut or foreign file raises nearly anything
            _say_once("cannot be used", error, self.cache_path)
            self._forget()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, if it can be kept."""
        try:
            super().save_overload(sig, data)
        except Exception as error:  # as above; the index is read again before it is written
            self._forget()
            try:
                super().save_overload(sig, data)
            except Exception:
                _say_once("cannot be kept", error, self.cache_path)

    def _forget(self) -> None:
        """Remove the index of this function, so that it is written anew."""
        with suppress(OSError):
            os.unlink(self._cache_file._index_path)


def keep_compiled(dispatcher: Any) -> Any:
    """Give a compiled function a cache that never fails; without one where no folder can be written."""
    try:
        dispatcher._cache = SafeCache(dispatcher.py_func)
    except Exception as error:  # numba raises RuntimeError where no locator has a folder
        _say_once("cannot be kept", error, None)
    return dispatcher


@cache
def _say(what: str, folder: str | None) -> None:
    where = "" if folder is None else f" in {folder}"
    _log.warning("what numba compiled%s %s, so it compiles again, for some seconds", where, what)


def _say_once(what: str, error: Exception, folder: str | None) -> None:
    _log.debug("numba's cache: %r", error)
    _say(what, None if folder is None else os.path.dirname(folder))


def _users_cache() -> str | None:
    """The user's cache folder; None for an account without a home."""
    try:
        usual = platformdirs.user_cache_dir("taureau", appauthor=False)
    except RuntimeError:  # its later versions raise this
        return None
    # The earlier ones give "~", which would become a folder of that name.
    return usual if os.path.isabs(usual) else None


def _is_usable(folder: str) -> bool:
    """Whether files can be written there; the folder is made if need be."""
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            with suppress(OSError):  # not every file system keeps modes
                os.chmod(folder, 0o700)  # whatever the umask: a folder that is locked once stays so
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
    except (OSError, ValueError):
        return False
    return True


def _is_private(folder: str) -> bool:
    """Whether a folder is this user's alone: anybody may make a folder among the temporary ones."""
    if not hasattr(os, "getuid"):
        return True
    about = os.lstat(folder)
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not about.st_mode & 0o022
