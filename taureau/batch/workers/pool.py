"""The pool: processes that draw, each watched over, and replaced when it ends before its time.

A worker is started when there is work for it, is handed one photo at a time, and is killed when it takes too long.
Several workers are forked from one process that has loaded the networks, where the system can (see `forks`). What the
pool gives is a stream of events: an answer, a death, or an error that no other photo would escape.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import taureau
from taureau.batch.ledger.ledger import Task
from taureau.batch.workers.events import NOT_BEGUN, TIME_LIMIT, WORKER_KILLED, Answered, Died, Event, as_error
from taureau.batch.workers.forks import Forked, ForkServer, can_fork

WORKER = "taureau.batch.workers.worker"
"""The program of a worker."""
# So many workers in a row that end while they load, with none that began: there is something wrong with the machine.
_MOST_FALSE_STARTS = 5


def _program(name: str) -> tuple[list[str], dict[str, Any]]:
    """The command of a worker, and how `Popen` is to start it."""
    package = str(Path(__file__).parents[3])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    # One thread each: as many processes as cores, with a thread a core each, would be in each other's way.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    group: dict[str, Any] = {"process_group": 0}  # Ctrl-C reaches the batch alone, and the batch decides
    if sys.platform == "win32":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return [sys.executable, "-m", name], {"env": {**os.environ, **threads, "PYTHONPATH": path}, **group}


class _Worker:
    def __init__(
        self,
        process: "subprocess.Popen[str] | Forked",
        begin: dict[str, Any],
        events: "queue.SimpleQueue[tuple[_Worker, str | None]]",
    ) -> None:
        self.process = process
        self.is_ready = False
        self.task: Task | None = None
        self.since = 0.0
        self.timed_out = False
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()
        self.send(begin)

    def _listen(self, events: "queue.SimpleQueue[tuple[_Worker, str | None]]") -> None:
        assert self.process.stdout is not None
        with suppress(OSError, ValueError), self.process.stdout as lines:
            for line in lines:
                if line.endswith("\n"):  # a part of an answer is none
                    events.put((self, line))
        events.put((self, None))

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        with suppress(OSError):  # it has ended, which its other line says too
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def end(self) -> None:
        self.process.kill()
        with suppress(OSError):
            assert self.process.stdin is not None
            self.process.stdin.close()
        self.process.wait()


class Pool:
    """Workers for one batch.

    Args:
        most: how many at once.
        begin: what each is told first (see `worker.main`).
        timeout: seconds that a photo may take; None for as long as it takes.
        program: of a worker; None for `WORKER`.
    """

    def __init__(self, most: int, begin: dict[str, Any], timeout: float | None, program: str | None = None) -> None:
        self._most = most
        self._program = program or WORKER
        self._begin = begin
        self._timeout = timeout
        self._workers: list[_Worker] = []
        self._server: ForkServer | None = None
        self._events: queue.SimpleQueue[tuple[_Worker, str | None]] = queue.SimpleQueue()
        self._false_starts = 0

    @property
    def in_hand(self) -> list[Task]:
        """The photos that are being drawn."""
        return [worker.task for worker in self._workers if worker.task is not None]

    @property
    def free(self) -> int:
        """How many photos can be handed out now."""
        return self._most - len(self.in_hand)

    def hand_out(self, task: Task, message: dict[str, Any]) -> None:
        """Let a photo be drawn; there must be a free place."""
        worker = next((each for each in self._workers if each.task is None), None)
        if worker is None:
            worker = self._start()
        worker.task = task
        worker.since = time.monotonic()
        worker.send(message)

    def _start(self) -> _Worker:
        command, options = _program(self._program)
        process: subprocess.Popen[str] | Forked
        try:
            if self._most > 1 and can_fork():
                if self._server is not None and not self._server.is_there:
                    self._end_server()
                if self._server is None:
                    self._server = ForkServer(command, options, self._begin)
                process = Forked(self._server)
            else:
                process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", **options
                )
        except OSError as error:
            raise taureau.TaureauError(
                f"no worker can be started ({(error.strerror or str(error)).lower()}); use fewer --workers"
            ) from error
        worker = _Worker(process, self._begin, self._events)
        self._workers.append(worker)
        return worker

    def wait(self, seconds: float) -> Iterator[Event]:
        """What has happened; waits up to so many seconds for the first event.

        Raises:
            TaureauError: an error that every photo would meet, or workers that cannot be started.
        """
        self._kill_late()
        try:
            worker, line = self._events.get(timeout=seconds) if seconds > 0 else self._events.get_nowait()
        except queue.Empty:
            return
        while True:
            event = self._ended(worker) if line is None else self._answered(worker, json.loads(line))
            if event is not None:
                yield event
            try:
                worker, line = self._events.get_nowait()
            except queue.Empty:
                return

    def _answered(self, worker: _Worker, answer: dict[str, Any]) -> Event | None:
        if "fatal" in answer:
            raise as_error(answer)
        if "pid" in answer:
            if isinstance(worker.process, Forked):
                worker.process.pid = answer["pid"]
            return None
        if "ready" in answer:
            worker.is_ready, self._false_starts = True, 0
            worker.since = time.monotonic()  # the time limit is for the photo, not for loading
            return None
        task, worker.task = worker.task, None
        assert task is not None
        return Answered(task, answer)

    def _ended(self, worker: _Worker) -> Event | None:
        worker.end()
        if worker in self._workers:
            self._workers.remove(worker)
        code, task = worker.process.returncode, worker.task
        if not worker.is_ready:
            self._false_starts += 1
            if self._false_starts >= _MOST_FALSE_STARTS:
                raise taureau.TaureauError(
                    f"{self._false_starts} workers in a row ended while they loaded ({_ending(code)}); see the lines "
                    "above, check the memory, or use fewer --workers"
                )
            if task is not None:  # no photo is to blame
                return Died(task, NOT_BEGUN, _ending(code))
            return None
        if task is None:
            return None
        if worker.timed_out:
            return Died(task, TIME_LIMIT, f"it took longer than {self._timeout:g} s")
        return Died(task, WORKER_KILLED, f"its worker {_ending(code)}")

    def _kill_late(self) -> None:
        if self._timeout is None:
            return
        for worker in self._workers:
            if worker.task is not None and worker.is_ready and time.monotonic() - worker.since > self._timeout:
                worker.timed_out = True
                worker.process.kill()

    def close(self) -> None:
        """End all workers, those that draw included."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        self._end_server()

    def _end_server(self) -> None:
        if self._server is not None:
            self._server.end()
            self._server = None


def _ending(code: int | None) -> str:
    if code is None:
        return "has ended, and nobody knows how, since what had forked it was killed"
    if code >= 0:
        return f"ended with code {code}"
    return f"was ended by signal {-code}" + (" (out of memory?)" if code == -9 else "")
