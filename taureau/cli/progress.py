"""The progress bar: how far, how good, how fast, how long yet. On stderr, and only where someone looks."""

import sys
import threading
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    import taureau.sketcher

_LINE = "{desc} {percentage:3.0f}% {bar} {n}/{total} [{postfix}{rate_fmt}, {remaining} left]"


class Progress:
    """A bar for the steps of one drawing.

    Args:
        name: what is being drawn.
        shown: whether it is wanted; where stderr is no terminal, nothing is shown anyway.
    """

    def __init__(self, name: str, *, shown: bool) -> None:
        self._name = name
        self._shown = shown and sys.stderr.isatty()
        self._bar: tqdm | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, step: "taureau.sketcher.RunStep") -> None:
        """Move on to a step."""
        if not self._shown:
            return
        if self._bar is None:
            # A lock of threads: tqdm's own starts a semaphore of processes, which outlives a killed command.
            tqdm.set_lock(threading.RLock())
            tqdm.monitor_interval = 0
            self._bar = tqdm(
                total=step.total, desc=self._name, unit=" steps", bar_format=_LINE, leave=False, dynamic_ncols=True
            )
        self._bar.set_postfix_str(f"loss {step.loss:.4g}, ", refresh=False)
        self._bar.update(step.number - self._bar.n)
