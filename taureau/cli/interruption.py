"""Ctrl-C and the signals of shells, terminals and service managers.

While a drawing is under way, they let the current step finish, so that the command can save the best sketch so far.
Before that there is nothing to save, and Ctrl-C ends the program at once. What the parent program has set to be
ignored (`nohup`, `trap '' INT`) stays ignored. Nothing is ended with a traceback.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

INTERRUPTED = 130
"""The exit code, as shells count it."""

# Windows has no SIGHUP.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_SAID = b"taureau: interrupted\n"


class Interruption:
    """Notes SIGINT, SIGTERM and SIGHUP inside a `with` block, and stops the program at the second SIGINT or SIGTERM.

    A terminal that closes sends SIGHUP besides another signal, so SIGHUP never counts as the second.

    Attributes:
        noted: whether a signal came; whoever loops looks at it between steps.
    """

    def __init__(self) -> None:
        self.noted = False
        self._asked = False
        self._earlier: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        # Python hands signals to the main thread only, and refuses handlers from any other.
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._earlier[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        is_hangup = number == getattr(signal, "SIGHUP", None)
        if self._asked and not is_hangup:
            raise KeyboardInterrupt
        self.noted = True
        self._asked = self._asked or not is_hangup


@contextmanager
def ended_at_once() -> Iterator[None]:
    """Ctrl-C ends the program where it is, with one line: for work that has nothing to save or to tidy up.

    An exception would be raised in the middle of loading a library, which may turn it into any other, or drop it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = signal.getsignal(signal.SIGINT)
    if earlier is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)


def _end(_number: int, _frame: FrameType | None) -> None:
    try:
        os.write(2, _SAID)
    finally:
        os._exit(INTERRUPTED)


def listen() -> None:
    """Let Ctrl-C raise KeyboardInterrupt, unless it is ignored; to be called when the command line is loaded."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_quietly() -> None:
    """Let Ctrl-C end the program without a word: while it loads, and when all is done but Python's own tidying up."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
