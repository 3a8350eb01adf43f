"""Progress bars on stderr: how far, how fast, how long. Only on a terminal."""

import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from taureau.cli.names import shown as printable

if TYPE_CHECKING:
    import taureau

_STEPS = "{desc} {percentage:3.0f}% {bar} {n}/{total} [{rate_fmt}, {remaining} left{postfix}]"
_BYTES = "{desc} {percentage:3.0f}% {bar} {n_fmt}/{total_fmt} [{rate_fmt}, {remaining} left]"

# A name may be 255 bytes long, and a terminal 80 columns wide.
_NAME_LENGTH = 30
_PHOTOS = "{desc} {percentage:3.0f}% {bar} {n}/{total} [{postfix}]"
# Between two lines about a batch in a log.
_LOG_SECONDS = 60.0

# A lock of threads: tqdm's own starts a semaphore of processes, which outlives a killed command.
tqdm.set_lock(threading.RLock())
tqdm.monitor_interval = 0


def say(text: str) -> None:
    """Print a line on stderr, above the bar if there is one."""
    tqdm.write(text, file=sys.stderr)


class _Bar:
    """A bar that appears with its first update and disappears at the end.

    Args:
        name: what is under way.
        shown: whether it is wanted; where stderr is no terminal, nothing is shown anyway.
    """

    def __init__(self, name: str, *, shown: bool) -> None:
        self._name = printable(name, _NAME_LENGTH)
        self._shown = shown and sys.stderr.isatty()
        self._bar: tqdm | None = None

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def _move(self, done: int, total: int, postfix: str = "", **look: Any) -> None:
        if not self._shown:
            return
        if self._bar is None:
            self._bar = tqdm(total=total, desc=self._name, leave=False, dynamic_ncols=True, **look)
        self._bar.total = total  # with a budget, an estimate that changes
        self._bar.set_postfix_str(postfix, refresh=False)
        self._bar.update(done - self._bar.n)


class DrawingProgress(_Bar):
    """A bar for the steps of one drawing, with the loss."""

    def show(self, step: "taureau.Step") -> None:
        """Move on to a step."""
        self._move(step.number, step.total, f"loss {step.loss:.4g}", unit=" steps", bar_format=_STEPS)


class BytesProgress(_Bar):
    """A bar for a download."""

    def show(self, done: int, total: int) -> None:
        """Move on to a number of bytes."""
        self._move(done, total, unit="B", unit_scale=True, bar_format=_BYTES)


class BatchProgress(_Bar):
    """A bar for the photos of a batch: photos a minute, time left, failures.

    Where stderr is no terminal, such as a log file, it says a line a minute instead.
    """

    def __init__(self, name: str, *, shown: bool) -> None:
        super().__init__(name, shown=shown)
        self._is_log = shown and not self._shown
        self._said = time.monotonic()

    def show(self, progress: "taureau.batch.Progress") -> None:
        """Move on to how far a batch is."""
        left = "unknown" if progress.seconds_left is None else tqdm.format_interval(progress.seconds_left)
        ended = progress.skipped + progress.failed_before + progress.done + progress.failed
        words = f"{progress.per_minute:.1f} photos/min, {left} left, {progress.failed} failed"
        self._move(ended, max(progress.found, 1), words, bar_format=_PHOTOS)
        if self._is_log and time.monotonic() - self._said >= _LOG_SECONDS:
            self._said = time.monotonic()
            say(f"{self._name}: {ended} of {progress.found} photos, {words}")

    def note(self, text: str) -> None:
        """Say a line in a log; on a terminal the bar says enough."""
        if self._is_log:
            say(text)
