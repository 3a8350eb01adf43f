"""Memory: what is free goes back to the system, and what is kept for later is bounded.

glibc keeps what was freed for later. A drawing makes and frees tensors of all sizes, and what lives on lies between
them, so that without this a studio grows by hundreds of MB that nothing uses (docs/studio.md has the figures).
"""

import ctypes
import os
import sys
import time
from collections.abc import Callable
from functools import cache

EVERY_SECONDS = 2.0
"""Between two times: one takes up to 30 ms, in which nothing is drawn."""
PRIMITIVES = 256
"""Convolutions that oneDNN keeps ready, each for one shape. The looks at one photo take up to 155, and all drawings 77.
oneDNN would keep 1,024, which photos of many shapes fill."""


def bound_primitives() -> None:
    """Let oneDNN keep fewer convolutions ready, unless the environment says how many; it asks before the first one."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(PRIMITIVES))


class Freed:
    """Memory that may be given back, now and then."""

    def __init__(self) -> None:
        self._next = 0.0

    def give_back(self) -> float | None:
        """Give back what is free, unless that was done a moment ago, or there is no way to.

        Returns:
            In how many seconds to call again; None where nothing is left to give back.
        """
        trim = _trim()
        if trim is None:
            return None
        left = self._next - time.monotonic()
        if left > 0:
            return left
        trim(0)
        self._next = time.monotonic() + EVERY_SECONDS
        return None


@cache
def _trim() -> Callable[[int], int] | None:
    """The function of glibc; None where the system has another library."""
    if sys.platform != "linux":
        return None
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
