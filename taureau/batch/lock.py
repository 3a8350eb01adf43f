"""Locks that end with the process that holds them, however it ends, and whatever the clock says.

A lock is a transaction on an empty SQLite file, so it is as portable as SQLite, and the system releases it when a
process is killed. One batch holds the lock of its OUT alone; its workers share another one, so that a batch that begins
after a killed one can wait until the last drawing of the old one is written or given up.
"""

import sqlite3
from pathlib import Path


class Lock:
    """A lock that is held until `release`, or until the process ends.

    Args:
        path: of the lock's file; it is made, and stays.
        shared: whether others may hold it too, if they share it.
        seconds: how long to wait for others to release it.

    Raises:
        TimeoutError: others hold it.
        OSError: the file cannot be made, or its file system has no locks.
    """

    def __init__(self, path: Path, *, shared: bool, seconds: float) -> None:
        self._held: sqlite3.Connection | None = None
        try:
            held = sqlite3.connect(path, isolation_level=None, timeout=seconds, check_same_thread=False)
            try:
                held.execute("BEGIN" if shared else "BEGIN EXCLUSIVE")
                held.execute("SELECT count(*) FROM sqlite_master").fetchall()
            except BaseException:
                held.close()
                raise
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise TimeoutError(f"{path}: others hold the lock") from error
            raise OSError(f"{path}: cannot be locked ({error})") from error
        except sqlite3.DatabaseError as error:
            raise OSError(f"{path}: is not a file of locks ({error}); remove it") from error
        self._held = held

    def release(self) -> None:
        """Give the lock back; a second time does nothing."""
        if self._held is not None:
            self._held.close()
            self._held = None
