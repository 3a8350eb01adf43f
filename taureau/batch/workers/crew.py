"""The crew: who draws the photos of a batch, processes on this machine or a Ray cluster."""

import os
from dataclasses import dataclass

import taureau


@dataclass(frozen=True)
class Crew:
    """Who draws.

    Args:
        workers: how many photos are drawn at once; None for one a core of this machine. On Ray it is how many are
            handed out at once, and None means twice as many as it has room for, so that no node waits.
        timeout: seconds that a photo may take; None for as long as it takes.
        ray: `auto` for the Ray cluster of this machine, or the address of one; None for processes on this machine.
        gpus: on Ray, the share of a GPU that each photo needs, such as 0.25; 0 for none.
    """

    workers: int | None = None
    timeout: float | None = None
    ray: str | None = None
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise taureau.InputError(f"workers must be at least 1, got {self.workers}")
        if self.timeout is not None and not self.timeout > 0:
            raise taureau.InputError(f"timeout must be over 0 seconds, got {self.timeout}")
        if not 0 <= self.gpus < float("inf") or (self.gpus > 1 and self.gpus != int(self.gpus)):
            raise taureau.InputError(f"gpus must be a share from 0 to 1, or a whole number, got {self.gpus}")
        if self.gpus and self.ray is None:
            raise taureau.InputError(
                f"gpus says what Ray gives to a photo, got {self.gpus} without ray; name a cluster, or leave it out"
            )


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
