"""Making the pictures of an experiment in several processes: the same pictures, in the same order, sooner."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import torch

import taureau
from taureau.evaluate.drawing.make import Made, Maker
from taureau.evaluate.drawing.plan import DrawingPlan, Job

_makers: list[Maker] = []
"""The maker of a process that draws: one, made when the process begins."""


def make_all(plan: DrawingPlan, folder: Path, processes: int) -> Iterator[Made]:
    """Every picture of the plan in turn, made where it is not there yet.

    Args:
        plan: the experiment.
        folder: where its pictures go.
        processes: how many draw at a time; each loads the encoders for itself, and has its share of the cores.

    Raises:
        InputError: as `Maker` and `Maker.check`.
        WeightsError: as `Maker`.
        BackendError: as `Maker.check`, or a process ended before its time.
    """
    # Made here too: what is wrong is said before any process begins.
    alone = Maker(plan, folder)
    alone.check()
    if processes == 1:
        yield from alone.make()
        return
    pool = ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(plan, folder, processes)
    )
    try:
        yield from pool.map(_make, plan.jobs())
    except BrokenProcessPool as error:
        raise taureau.BackendError(
            "a process that draws ended before its time, as when memory runs out; run the command again with fewer "
            "--jobs: it goes on where it ended"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(plan: DrawingPlan, folder: Path, processes: int) -> None:
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // processes))
    _makers.append(Maker(plan, folder))


def _make(job: Job) -> Made:
    return _makers[0].made(job)
