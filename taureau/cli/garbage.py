"""Delays Python's garbage collection.

Torch makes half a million objects that live to the end of the program. Looking for garbage among them while they are
made, and once more at the end, takes a second, which is a tenth of a drawing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collected_late() -> Iterator[None]:
    """Collect no garbage until `collect_from_now_on` is called, and none when the program ends."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def collect_from_now_on() -> None:
    """Collect garbage again, but not among the objects that exist now. Further calls do nothing."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
