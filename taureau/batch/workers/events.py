"""What happens to photos that were handed out, and the errors that no photo would escape."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import taureau
from taureau.batch.ledger.ledger import Task

TIME_LIMIT, WORKER_KILLED, NOT_BEGUN = "TimeLimit", "WorkerKilled", "NotBegun"


@dataclass(frozen=True)
class Answered:
    """A worker has drawn a photo, or says why it cannot be drawn."""

    task: Task
    answer: dict[str, Any]


@dataclass(frozen=True)
class Died:
    """A worker ended while it had a photo.

    Args:
        task: the photo.
        kind: the name of the error: `TimeLimit`, `WorkerKilled`, or `NotBegun` where the photo was not looked at.
        why: what is known, as the end of a sentence.
    """

    task: Task
    kind: str
    why: str


Event = Answered | Died


def fatal(error: Exception) -> dict[str, str]:
    """An error that every photo would meet, as a worker answers it."""
    return {"fatal": str(error), "kind": type(error).__name__}


def as_error(answer: Mapping[str, Any]) -> "taureau.TaureauError":
    """The error of such an answer."""
    kinds = {
        "InputError": taureau.InputError,
        "WeightsError": taureau.WeightsError,
        "BackendError": taureau.BackendError,
    }
    return kinds.get(answer["kind"], taureau.TaureauError)(answer["fatal"])
