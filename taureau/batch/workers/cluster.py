"""The cluster: photos as tasks on Ray, which places them, gives them their share of GPUs, and tries lost nodes again.

The ledger stays with the batch, which hands out a bounded number of photos at once. A task passes its photo on to a
worker process beside it, as a `Pool` of one: so a photo that kills or stalls its worker costs no Ray process, and ends
here as it does on one machine.
"""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import taureau
from taureau.batch.ledger.ledger import Task
from taureau.batch.workers import pool
from taureau.batch.workers.crew import Crew
from taureau.batch.workers.events import WORKER_KILLED, Died, Event, as_error, fatal
from taureau.batch.workers.pool import Pool

# Ray tries a photo so often again whose node is lost.
_LOST_NODES = 3
# A node that comes gets work after so many seconds; a cluster that grows is told by what waits for it.
_LOOK_SECONDS = 5.0
_ANSWER_SECONDS = 5.0


class Cluster:
    """Ray, as the hands of one batch.

    Args:
        crew: whose `ray` is the address; `workers`, `timeout` and `gpus` are as there.
        begin: what each worker is told first.

    Raises:
        BackendError: Ray is not installed.
        InputError: no Ray answers at the address, or this program is connected to Ray already.
    """

    def __init__(self, crew: Crew, begin: dict[str, Any]) -> None:
        assert crew.ray is not None
        try:
            self._ray = import_module("ray")
        except ImportError as error:
            raise taureau.BackendError(
                "drawing on a cluster needs Ray; install it with pip install 'taureau[cluster]' on all its machines, "
                "or leave out --ray"
            ) from error
        self._crew = crew
        self._waiting: dict[Any, Task] = {}
        self._most, self._looked = 0, float("-inf")
        self._connect(crew.ray)
        # What is the same for all tasks is sent to each node once.
        self._begin = self._ray.put((json.dumps(begin), crew.timeout, pool.WORKER))
        self._draw = self._ray.remote(num_cpus=1, num_gpus=crew.gpus, max_retries=_LOST_NODES)(draw_there)

    def _connect(self, address: str) -> None:
        if self._ray.is_initialized():
            raise taureau.InputError(
                "this program is connected to Ray already, and a batch connects by itself; call ray.shutdown() first"
            )
        no_answer = f"{address}: no Ray answers there; start one with 'ray start --head', or check the address"
        host, _, port = address.rpartition("://")[2].rpartition(":")
        if port.isdigit():
            # Ray itself would try for minutes, and then end this process.
            try:
                socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS).close()
            except (OSError, OverflowError, UnicodeError) as error:
                raise taureau.InputError(no_answer) from error
        elif address != "auto":
            raise taureau.InputError(f"{address}: is no address of a Ray; write it as auto or HOST:PORT")
        try:
            self._ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (Exception, SystemExit) as error:  # it has errors of many kinds for this
            raise taureau.InputError(f"{no_answer} ({str(error).splitlines()[0]})") from error

    @property
    def in_hand(self) -> list[Task]:
        """The photos that Ray has, drawn or waiting for a node."""
        return list(self._waiting.values())

    @property
    def free(self) -> int:
        """How many photos can be handed out now."""
        if self._crew.workers is not None:
            return self._crew.workers - len(self._waiting)
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            there = self._ray.cluster_resources()
            rooms = there.get("CPU", 0)
            if self._crew.gpus:
                rooms = min(rooms, there.get("GPU", 0) / self._crew.gpus)
            self._most, self._looked = max(2 * int(rooms), 2), time.monotonic()
        return self._most - len(self._waiting)

    def hand_out(self, task: Task, message: dict[str, Any]) -> None:
        """Let a photo be drawn; there must be a free place."""
        self._waiting[self._draw.remote(self._begin, task, message)] = task

    def wait(self, seconds: float) -> Iterator[Event]:
        """What has happened; waits up to so many seconds for the first event.

        Raises:
            TaureauError: an error that every photo would meet.
        """
        if not self._waiting:
            time.sleep(seconds)
            return
        references = list(self._waiting)
        if not self._ray.wait(references, timeout=seconds)[0]:
            return
        for reference in self._ray.wait(references, num_returns=len(references), timeout=0)[0]:
            yield self._event(reference, self._waiting.pop(reference))

    def _event(self, reference: Any, task: Task) -> Event:
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(reference)
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError) as error:
            return Died(task, WORKER_KILLED, f"Ray gave it up ({type(error).__name__}) after {_LOST_NODES + 1} nodes")
        except errors.RayError as error:
            raise taureau.BackendError(
                f"Ray could not draw: {str(error).strip().splitlines()[-1]}; install the same taureau on all machines"
            ) from error
        if isinstance(answer, dict):
            raise as_error(answer)
        # It went through another process, and the batch knows its own.
        return answer.__class__(**{**vars(answer), "task": task})

    def close(self) -> None:
        """Give up what is in hand, and leave Ray, which ends the tasks of this batch and their workers."""
        for reference in self._waiting:
            with contextlib.suppress(Exception):  # Ray may be gone
                self._ray.cancel(reference, force=True)
        self._waiting.clear()
        self._ray.shutdown()


_POOLS: dict[str, Pool] = {}
"""The pool of a Ray process: its worker stays for the next photo."""


def draw_there(begin: tuple[str, float | None, str], task: Task, message: dict[str, Any]) -> Event | dict[str, str]:
    """Draw a photo on a node of Ray.

    Args:
        begin: what each worker is told first (JSON), seconds that a photo may take, and the program of a worker.
        task, message: as for `Pool.hand_out`.

    Returns:
        What has happened to the photo, or an error that all photos would meet, with the name of the node.
    """
    text, timeout, program = begin
    key = json.dumps([begin, os.environ.get("CUDA_VISIBLE_DEVICES")])
    if key not in _POOLS:
        while _POOLS:
            _POOLS.popitem()[1].close()
        _POOLS[key] = Pool(1, json.loads(text), timeout, program)
    try:
        _POOLS[key].hand_out(task, message)
        while True:
            for event in _POOLS[key].wait(1.0):
                return event
    except taureau.TaureauError as error:
        _POOLS.pop(key).close()
        answer = fatal(error)
        return {**answer, "fatal": f"{socket.gethostname()}: {answer['fatal']}"}
