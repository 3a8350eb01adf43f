"""The staging folder: files are written there, and appear under their names whole.

Each shard of a batch has its own in OUT, so what a killed process has left half written is in one place, and no shard
touches what another one is about to write.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from taureau.batch.lock import Lock


def publish(path: Path, staging: Path, write: Callable[[Path], object]) -> None:
    """Let a file appear under its name, whole or not at all.

    Args:
        path: where it appears; a file that is there is replaced.
        staging: where it is written, on the same file system.
        write: writes a file to a path that ends like `path`, and brings it to the disk.

    Raises:
        OSError: it cannot be written or put there; what was there stays.
    """
    temporary = staging / f"{secrets.token_hex(8)}{path.suffix}"
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def sweep(staging: Path) -> None:
    """Remove what killed processes have left; for a time when nobody writes there."""
    with suppress(OSError):
        for entry in os.scandir(staging):
            with suppress(OSError):
                os.unlink(entry.path)


@contextmanager
def held_for_report(own: Path, seconds: float) -> Iterator[Path]:
    """The staging folder of reports, empty, and held: a report may be written while batches begin and end.

    Args:
        own: the folder in OUT that is the batch's own.
        seconds: how long to wait for another report.

    Raises:
        TimeoutError: another one is still being written.
        OSError: the folder cannot be made or held.
    """
    lock = Lock(own / "report.lock", shared=False, seconds=seconds)
    try:
        staging = own / "staging-report"
        staging.mkdir(exist_ok=True)
        sweep(staging)
        yield staging
    finally:
        lock.release()
