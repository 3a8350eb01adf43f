"""The staging folder: files are written there, and appear under their names whole.

Each shard of a batch has its own in OUT, so what a killed process has left half written is in one place, and no shard
touches what another one is about to write.
"""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


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
