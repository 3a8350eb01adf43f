"""The hold of a batch on its OUT: locks, the ledger, and the token by which workers know whose turn it is.

A second batch is refused. One that begins after another was killed waits until the workers of that one are gone, and
the token keeps those from beginning that were still on their way, as on a cluster: so no two ever draw one photo.
"""

import itertools
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import taureau
from taureau.batch import outputs, staging
from taureau.batch.ledger.database import LedgerDamagedError
from taureau.batch.ledger.ledger import Ledger
from taureau.batch.lock import Lock
from taureau.batch.place import make_place
from taureau.batch.work import Work

# A look at the lock, as by `status`, holds it for a moment.
_LOCK_SECONDS = 1.0
# After a batch was killed, its workers end at once; one that is stuck in a system call takes longer.
_OLD_WORKERS_SECONDS = 60.0
_ADOPT_AT_ONCE = 256


class Hold:
    """OUT, held until `release`.

    Args:
        out: made if it is not there.
        work: whose shard it is.

    Attributes:
        ledger: open, without claims of earlier batches.
        run: the number of this run in it.
        workers_lock: the lock that the workers share.
        turn, token: the file that says whose turn it is, and what it says now.
        staging: the folder in which files of this shard are written.
        notes: what the user should know, such as a ledger that was built anew.

    Raises:
        InputError: OUT cannot be used, another batch draws into it, or its ledger is of another version.
        TaureauError: locks do not work there, or the disk is full.
    """

    def __init__(self, out: Path, work: Work) -> None:
        self.out = out.absolute()
        ledger = make_place(out, work).absolute()
        own = ledger.parent
        self.workers_lock = own / f"workers{work.suffix}.lock"
        self.turn = own / f"turn{work.suffix}"
        self.token = secrets.token_hex(8)
        self.staging = own / f"staging{work.suffix}"
        self.notes: list[str] = []
        self._lock = self._locked(own / f"batch{work.suffix}.lock", _LOCK_SECONDS, "another batch is drawing")
        with self._released_on_error():
            self._take_turn()
            self._locked(self.workers_lock, _OLD_WORKERS_SECONDS, "workers of an earlier batch still draw").release()
            self.ledger = self._opened(ledger, work)
        with self._released_on_error(self.ledger):
            self.ledger.release()
            self.sweep()
            self.run = self.ledger.begin_run()
            self._ledger_file = _file_of(ledger)

    def _locked(self, path: Path, seconds: float, what: str) -> Lock:
        try:
            return Lock(path, shared=False, seconds=seconds)
        except TimeoutError as error:
            raise taureau.InputError(
                f"{self.out}: {what} into it; wait for its end (taureau batch status shows it), or give another OUT"
            ) from error
        except OSError as error:
            raise taureau.TaureauError(f"{error}; choose an OUT where files can be locked") from error

    @contextmanager
    def _released_on_error(self, ledger: Ledger | None = None) -> Iterator[None]:
        try:
            yield
        except BaseException:
            if ledger is not None:
                ledger.close()
            self._lock.release()
            raise

    def _take_turn(self) -> None:
        try:
            self.staging.mkdir(exist_ok=True)
            staging.publish(self.turn, self.staging, lambda path: taureau.write_atomically(path, self.token.encode()))
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise taureau.InputError(f"{self.out}: cannot be written ({why}); check OUT and its disk") from error

    def _opened(self, path: Path, work: Work) -> Ledger:
        try:
            ledger = Ledger(path)
            try:
                ledger.check()
            except BaseException:
                ledger.close()
                raise
        except LedgerDamagedError as error:
            return self._rebuilt(path, work, error)
        return ledger

    def _rebuilt(self, path: Path, work: Work, error: LedgerDamagedError) -> Ledger:
        """A new ledger in place of a damaged one, with the drawings that are in OUT."""
        kept = path.with_name(f"{path.stem}.damaged-{secrets.token_hex(4)}{path.suffix}")
        for ending in ("", "-wal", "-shm"):
            part = path.with_name(path.name + ending)
            if part.exists():
                part.rename(kept.with_name(kept.name + ending))
        ledger, entered = Ledger(path), 0
        there = (pair for pair in outputs.drawings_in(self.out) if work.has(pair[0].name))
        while some := list(itertools.islice(there, _ADOPT_AT_ONCE)):
            entered += ledger.adopt(some)
        self.notes.append(
            f"the ledger was damaged ({error}); it was built anew from {entered} drawings in OUT, photos that had "
            f"failed are tried again, and the damaged one is kept as {kept.name}"
        )
        return ledger

    def check(self) -> None:
        """Refuse to go on where the ledger's file is gone: what is entered then would be lost.

        Raises:
            InputError: somebody has removed or replaced OUT.
        """
        if _file_of(self.ledger.path) != self._ledger_file:
            raise taureau.InputError(f"{self.out}: OUT is gone, with its ledger; put it back, or give another OUT")

    def sweep(self) -> None:
        """Remove what killed workers and reports have left half written; for a time when no worker lives."""
        staging.sweep(self.staging)
        with suppress(OSError), staging.held_for_report(self.turn.parent, 0):
            pass

    def release(self) -> None:
        """Let another batch have OUT."""
        self.ledger.close()
        self._lock.release()


def _file_of(path: Path) -> tuple[int, int] | None:
    """What a file is, by whatever name; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
