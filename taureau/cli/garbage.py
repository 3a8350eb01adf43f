"""When Python looks for garbage.

Torch makes half a million objects that live to the end of the program. Looking for garbage among them while they are
made, and once more at the end, takes a second, which is a tenth of a drawing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collected_late() -> Iterator[None]:
    """Collect no garbage until `settled` is called, and none when the program ends."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def settled() -> None:
    """What lives to the end is there: from now on, collect what is not among it. Further calls do nothing."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
