"""On Ctrl-C, lets the current step finish, so that the command can save the best sketch so far."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """Notes the first SIGINT or SIGTERM inside a `with` block, and stops the program at the second.

    Attributes:
        noted: whether a signal came; whoever loops looks at it between steps.
    """

    def __init__(self) -> None:
        self.noted = False
        self._earlier: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        # Python hands signals to the main thread only, and refuses handlers from any other.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._earlier[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self.noted:
            raise KeyboardInterrupt
        self.noted = True
