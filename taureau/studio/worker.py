"""The worker: one thread that draws for all sessions, a step at a time, each session in its turn.

Of the jobs that can go on, the one whose session was served longest ago has the next step. So nobody starves, and who
comes back after a pause is served at once. A session has one job at most; a new one takes the place of the old.
"""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Literal, TypeVar

import taureau
from taureau.studio.memory import Freed

_log = logging.getLogger("taureau.studio")
_Result = TypeVar("_Result")
# go on; hand over what there is, and wait; waiting; hand over what there is, and end
_Mode = Literal["go", "rest", "resting", "stop"]


class Job(ABC):
    """Work for one session. Its methods run in the worker's thread, one at a time."""

    @abstractmethod
    def advance(self, sketcher: "taureau.Sketcher") -> bool:
        """Do one step, and say whether there is another."""

    @abstractmethod
    def rest(self, *, is_end: bool) -> None:
        """Hand over the best so far, since the job pauses or was stopped."""

    @abstractmethod
    def fail(self, text: str) -> None:
        """Say that it cannot go on."""


class _Entry:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.mode: _Mode = "go"


class Worker:
    """The thread that draws, begun with `start` and ended with `end`.

    Args:
        load: makes the sketcher, in the worker's thread, before the first job.
    """

    def __init__(self, load: Callable[[], "taureau.Sketcher"]) -> None:
        self._load = load
        self._changed = threading.Condition()
        self._entries: dict[Hashable, _Entry] = {}
        self._calls: list[tuple[Future[Any], Callable[[taureau.Sketcher], Any]]] = []
        self._served: dict[Hashable, float] = {}
        self._freed = Freed()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="taureau studio", daemon=True)

    def start(self) -> None:
        """Begin; the networks are loaded at once, so that the first drawing does not wait for them."""
        self._thread.start()

    def end(self, seconds: float = 10.0) -> None:
        """End after the step under way, waiting at most so long for it."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(seconds)

    @property
    def num_going(self) -> int:
        """How many jobs can go on."""
        with self._changed:
            return sum(entry.mode == "go" for entry in self._entries.values())

    def submit(self, key: Hashable, job: Job) -> None:
        """Give a session a job, in the place of its earlier one."""
        with self._changed:
            self._entries[key] = _Entry(job)
            self._changed.notify()

    def pause(self, key: Hashable) -> None:
        """Let a session's job hand over what it has, and wait."""
        self._turn(key, "rest", unless=("stop", "resting"))

    def go(self, key: Hashable) -> None:
        """Let a session's job go on."""
        self._turn(key, "go", unless=("stop",))

    def stop(self, key: Hashable) -> None:
        """Let a session's job hand over what it has, and end."""
        self._turn(key, "stop")

    def cancel(self, key: Hashable) -> None:
        """Drop a session's job; nothing comes of it any more."""
        with self._changed:
            self._entries.pop(key, None)

    def forget(self, key: Hashable) -> None:
        """Drop a session that is gone."""
        with self._changed:
            self._entries.pop(key, None)
            self._served.pop(key, None)

    def call(self, work: Callable[["taureau.Sketcher"], _Result]) -> "Future[_Result]":
        """Let the worker do something short between two steps."""
        future: Future[_Result] = Future()
        with self._changed:
            self._calls.append((future, work))
            self._changed.notify()
        return future

    def _turn(self, key: Hashable, mode: _Mode, unless: tuple[_Mode, ...] = ()) -> None:
        with self._changed:
            entry = self._entries.get(key)
            if entry is not None and entry.mode not in unless:
                entry.mode = mode
                self._changed.notify()

    def _work(self) -> None:
        sketcher, failure = None, ""
        try:
            sketcher = self._load()
        except Exception as error:  # what fails is said to every session that wants to draw
            failure = _text_of(error)
        left = None  # seconds until what is free may be given back, also while nothing is to do
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._calls or self._next_key() is not None, left)
                if self._ended:
                    return
                call = self._calls.pop(0) if self._calls else None
                key = None if call is not None else self._next_key()
                entry = None if key is None else self._entries[key]
            if call is not None:
                _answer(*call, sketcher, failure)
            elif entry is not None and sketcher is None:
                self._remove(key, entry)
                entry.job.fail(failure)
            elif entry is not None and sketcher is not None:
                self._serve(key, entry, sketcher)
            call = entry = None  # what is done does not live on while nothing is to do
            left = self._freed.give_back()

    def _next_key(self) -> Hashable | None:
        ready = [key for key, entry in self._entries.items() if entry.mode != "resting"]
        return min(ready, key=lambda key: self._served.get(key, 0.0), default=None)

    def _serve(self, key: Hashable, entry: _Entry, sketcher: "taureau.Sketcher") -> None:
        mode = entry.mode
        try:
            if mode == "go":
                is_over = not entry.job.advance(sketcher)
            else:
                is_over = mode == "stop"
                entry.job.rest(is_end=is_over)
        except Exception as error:
            is_over = True
            entry.job.fail(_text_of(error))
        with self._changed:
            self._served[key] = time.monotonic()
            if mode == "rest" and entry.mode == "rest":
                entry.mode = "resting"
        if is_over:
            self._remove(key, entry)

    def _remove(self, key: Hashable, entry: _Entry) -> None:
        with self._changed:
            if self._entries.get(key) is entry:
                del self._entries[key]


def _answer(
    future: "Future[Any]",
    work: Callable[["taureau.Sketcher"], Any],
    sketcher: "taureau.Sketcher | None",
    failure: str,
) -> None:
    """Do what was called for, and hand over its result or its error."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        if sketcher is None:
            raise taureau.BackendError(failure)
        future.set_result(work(sketcher))
    except Exception as error:  # the caller raises it again
        future.set_exception(error)


def _text_of(error: Exception) -> str:
    """What a person is told of an error; one that is a bug goes into the log as well."""
    if isinstance(error, taureau.TaureauError):
        return str(error)
    _log.error("a drawing failed", exc_info=error)
    return f"unexpected {type(error).__name__}; the terminal has more (this is a bug)"
