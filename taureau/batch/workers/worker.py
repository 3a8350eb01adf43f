"""A worker: a process of its own that loads an encoder once and draws the photos that it is handed, one at a time.

`pool` starts it as `python -m taureau.batch.workers.worker`, or it is forked from one that has loaded (see `forks`). It
reads a task a line from stdin and answers a line on stdout, as JSON. When stdin ends, the batch is gone, and the worker
ends at once, in the middle of whatever it does.
"""

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import taureau
from taureau.batch.lock import Lock
from taureau.batch.workers.drawing import PlaceFailedError, draw
from taureau.batch.workers.events import fatal
from taureau.batch.workers.forks import WORD, fork_on_request

_LOCK_SECONDS = 60.0


class Line:
    """The line to the batch: tasks come in, answers go out, and its end ends this process.

    Args:
        tasks, answers: the two ends of it.
    """

    def __init__(self, tasks: TextIO, answers: TextIO) -> None:
        self._answers = answers
        self._tasks: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(tasks,), daemon=True).start()

    def _read(self, tasks: TextIO) -> None:
        for line in tasks:
            self._tasks.put(line)
        os._exit(0)

    def task(self) -> dict[str, Any]:
        """The next task; waits for it."""
        return json.loads(self._tasks.get())

    def answer(self, **answer: Any) -> None:
        """Send an answer."""
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()


def join(begin: dict[str, Any]) -> Lock:
    """Join a batch: hold the lock of its workers, which keeps later batches waiting.

    Args:
        begin: as `messages.beginning` makes it.

    Raises:
        TaureauError: the batch is over and another one has OUT, or it was begun by another version.
        OSError: OUT is gone, or cannot be locked.
    """
    if begin["version"] != taureau.__version__:
        raise taureau.BackendError(
            f"the batch was begun by taureau {begin['version']}, and a worker is {taureau.__version__}; install the "
            "same version on all machines"
        )
    lock = Lock(Path(begin["lock"]), shared=True, seconds=_LOCK_SECONDS)
    if Path(begin["turn"]).read_text() != begin["token"]:
        raise taureau.TaureauError(f"{begin['turn']}: another batch has taken OUT over; end one of them")
    return lock


def serve(
    load: Callable[[dict[str, Any]], Any],
    draw: Callable[[Any, dict[str, Any]], dict[str, Any]],
    can_share: Callable[[dict[str, Any]], bool] = lambda _begin: True,
) -> None:
    """Draw until the line ends, or something happens that every photo would meet.

    Args:
        load: what is loaded once, by what the batch says first.
        draw: what is loaded and a task to an answer.
        can_share: whether workers that are forked can share what is loaded.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the batch decides what an interruption means
    if WORD in sys.argv:
        load = fork_on_request(load, can_share)
    # What libraries print goes to stderr, and only answers to the batch.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    line = Line(sys.stdin, answers)
    line.answer(pid=os.getpid())
    try:
        begin = line.task()
        lock = join(begin)  # held until this process ends
        loaded = load(begin)
        line.answer(ready=True)
        while True:
            line.answer(**draw(loaded, line.task()))
            assert lock is not None
    except (taureau.TaureauError, PlaceFailedError, OSError) as error:
        line.answer(**fatal(error))


def sketcher_of(begin: dict[str, Any]) -> "taureau.Sketcher":
    """The networks of a batch."""
    return taureau.Sketcher(
        begin["encoder"], saliency=begin["saliency"], weights=begin["weights"], device=begin["device"]
    )


def is_on_cpu(begin: dict[str, Any]) -> bool:
    """Whether the networks lie in the memory of this machine, which workers can share, and not in that of a GPU."""
    import torch

    has_gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    return begin["device"] == "cpu" or (begin["device"] == "auto" and not has_gpu)


if __name__ == "__main__":
    serve(sketcher_of, draw, is_on_cpu)
