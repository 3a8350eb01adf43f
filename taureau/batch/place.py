"""The places in OUT where a batch keeps what it knows, and a look at it from outside, also while it runs."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import taureau
from taureau.batch.ledger.account import Account
from taureau.batch.ledger.database import CLAIMED, PENDING, LedgerDamagedError
from taureau.batch.ledger.record import DONE, FAILED, Record
from taureau.batch.lock import Lock
from taureau.batch.sources.items import OWN_FOLDER
from taureau.batch.work import Work

_LEDGER = re.compile(r"ledger(-\d+-of-\d+)?\.sqlite")


def make_place(out: Path, work: Work) -> Path:
    """Make OUT and what a batch keeps in it.

    Returns:
        Where the ledger lies.

    Raises:
        InputError: OUT is a file, cannot be written, or was begun in other shards.
    """
    own = out / OWN_FOLDER
    try:
        own.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise taureau.InputError(f"{out}: cannot be made as OUT ({why}); choose another folder") from error
    taureau.check_writable(own / "probe", overwrite=True)
    for other in _suffixes(out):
        if _parts(other) != _parts(work.suffix):
            raise taureau.InputError(
                f"{out}: was begun {_in_words(other)}, and now {_in_words(work.suffix)} is asked for; go on as it was "
                "begun, or give another OUT"
            )
    return own / f"ledger{work.suffix}.sqlite"


def _suffixes(out: Path) -> list[str]:
    """The shards that OUT has ledgers of; an empty text for a batch that is not cut into shards."""
    own = out / OWN_FOLDER
    names = sorted(os.listdir(own)) if own.is_dir() else []
    return [found[1] or "" for name in names if (found := _LEDGER.fullmatch(name))]


def _parts(suffix: str) -> str:
    return suffix.rpartition("-")[2]


def _in_words(suffix: str) -> str:
    return f"in {_parts(suffix)} shards" if suffix else "without shards"


@contextmanager
def ledgers(out: Path) -> Iterator[list[Account]]:
    """The ledgers of OUT, open to be read.

    Raises:
        InputError: there is no batch in OUT, or its ledger is damaged.
    """
    found = [out / OWN_FOLDER / f"ledger{suffix}.sqlite" for suffix in _suffixes(out)]
    if not found:
        raise taureau.InputError(f"{out}: no batch has begun here; give the OUT of one")
    opened: list[Account] = []
    try:
        for path in found:
            try:
                opened.append(Account(path))
            except LedgerDamagedError as error:
                raise taureau.InputError(
                    f"the ledger is damaged ({error}); run the batch again, which builds it anew from the drawings"
                ) from error
        yield opened
    finally:
        for ledger in opened:
            ledger.close()


def tar_of(out: Path, name: str) -> str | None:
    """The name of the tar in OUT that holds the drawing of a photo; None where there is none."""
    with ledgers(out) as opened:
        known = (ledger.known(name) for ledger in opened)
        return next((each.tar for each in known if each is not None), None)


@dataclass(frozen=True)
class Status:
    """What has become of the photos of a batch.

    Args:
        running: whether a batch is drawing into OUT now.
        done, failed, in_hand, waiting: how many photos there are in each state.
        left_behind: how many a batch had in hand when it was killed; the next run draws them.
        failures: how many failed by the name of the error.
        problems: what the sources could not look into.
    """

    running: bool
    done: int
    failed: int
    in_hand: int
    left_behind: int
    waiting: int
    failures: dict[str, int]
    problems: list[str]

    def as_row(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


def status(out: str | Path) -> Status:
    """What has become of the photos of the batch in OUT, also while it runs.

    Raises:
        InputError: there is no batch in OUT.
    """
    out = Path(out)
    counts: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    problems: list[str] = []
    running, in_hand = False, 0
    with ledgers(out) as opened:
        for ledger in opened:
            lock = ledger.path.with_name(ledger.path.stem.replace("ledger", "batch", 1) + ".lock")
            was_held, found = _is_held(lock), ledger.counts()
            counts.update(found)
            failures.update(ledger.failures())
            problems += ledger.fact("problems") or []
            if was_held or _is_held(lock):
                running = True
                in_hand += found[CLAIMED]
    return Status(
        running, counts[DONE], counts[FAILED], in_hand, counts[CLAIMED] - in_hand, counts[PENDING], dict(failures),
        problems,
    )  # fmt: skip


def _is_held(lock: Path) -> bool:
    if not lock.exists():
        return False
    try:
        Lock(lock, shared=True, seconds=0).release()
    except TimeoutError:
        return True
    return False


def records(out: str | Path) -> Iterator[Record]:
    """The records of all photos of the batch in OUT that are done or failed.

    Raises:
        InputError: there is no batch in OUT.
    """
    with ledgers(Path(out)) as opened:
        for ledger in opened:
            yield from ledger.records(Path(out))
