"""The account of a batch: what its ledger says, also while the batch writes it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taureau.batch.ledger.database import CLAIMED, PENDING, Database, as_read, as_stored
from taureau.batch.ledger.record import DONE, FAILED, Record
from taureau.batch.tars import member_name, tar_name

RECORD_COLUMNS = (
    "name, photo, tasks.status, photo_sha256, sha256, version, seed, score, seconds, warnings, outputs, error_kind, "
    "error, attempts, finished, tar"
)
"""What `record_from` takes, of tasks with their recipes."""


@dataclass(frozen=True)
class Known:
    """What the ledger holds of a photo that a source names."""

    status: str
    photo: str
    recipe_sha256: str
    fingerprint: str | None
    run: int
    outputs: dict[str, int]
    tar: str | None
    tar_size: int | None


class Account(Database):
    """A ledger to be read; for `path` and what is raised see `Database`."""

    def __init__(self, path: Path, *, read_only: bool = True) -> None:
        super().__init__(path, read_only=read_only)

    # One photo

    def known(self, name: str) -> Known | None:
        """What is known of a photo by its name."""
        with self._named_errors():
            row = self._db.execute(
                """SELECT status, photo, sha256, fingerprint, run, outputs, tar, size FROM tasks
                   JOIN recipes ON recipes.id = recipe LEFT JOIN tars ON tars.id = tar WHERE name = ?""",
                (as_stored(name),),
            ).fetchone()
        if row is None:
            return None
        sizes, tar = json.loads(row[5] or "{}"), self.tar_name(row[6])
        return Known(row[0], as_read(row[1]), row[2], row[3], row[4], sizes, tar, row[7])

    @property
    def suffix(self) -> str:
        """Which shard this is, as the names of its files say."""
        return self.path.stem.removeprefix("ledger")

    def tar_name(self, number: int | None) -> str | None:
        """The name in OUT of a tar by its number; None for none."""
        return None if number is None else tar_name(self.suffix, number)

    def has_open(self, run: int) -> bool:
        """Whether a run still has photos that are not done."""
        with self._named_errors():
            (found,) = self._db.execute(
                """SELECT EXISTS (SELECT 1 FROM tasks WHERE status = 'pending' AND run = ?)
                       OR EXISTS (SELECT 1 FROM tasks WHERE status = 'claimed')""",
                (run,),
            ).fetchone()
        return bool(found)

    # All of them

    def counts(self) -> dict[str, int]:
        """How many photos there are in each state."""
        with self._named_errors():
            found = dict(self._db.execute("SELECT status, count(*) FROM tasks GROUP BY status").fetchall())
        return {status: found.get(status, 0) for status in (PENDING, CLAIMED, DONE, FAILED)}

    def records(self, out: Path, where: str = "", order: str = "id", most: int = -1) -> Iterator[Record]:
        """The records of photos that are done or failed.

        Args:
            out: the folder OUT.
            where: a condition in SQL, such as `status = 'failed'`.
            order: columns in SQL.
            most: how many; all if negative.
        """
        condition = f" AND {where}" if where else ""
        with self._named_errors():
            rows = self._db.execute(
                f"""SELECT {RECORD_COLUMNS} FROM tasks JOIN recipes ON recipes.id = recipe
                    WHERE status IN ('done', 'failed'){condition} ORDER BY tasks.{order} LIMIT ?""",
                (most,),
            )
            for row in rows:
                yield record_from(row, out, self.suffix)

    def failures(self) -> dict[str, int]:
        """How many photos failed, by the name of the error, the most frequent first."""
        with self._named_errors():
            return dict(
                self._db.execute(
                    "SELECT error_kind, count(*) FROM tasks WHERE status = 'failed' GROUP BY 1 ORDER BY 2 DESC, 1"
                ).fetchall()
            )

    def times(self) -> tuple[float | None, float | None]:
        """When the first photo ended and when the last one, in seconds since 1970; None before the first."""
        with self._named_errors():
            first, last = self._db.execute("SELECT min(finished), max(finished) FROM tasks").fetchone()
        return first, last

    def rate(self, seconds: float) -> list[int]:
        """How many photos ended in each span of so many seconds, from the first photo's end on."""
        first, last = self.times()
        if first is None or last is None:
            return []
        with self._named_errors():
            found = dict(
                self._db.execute(
                    """SELECT CAST((finished - ?) / ? AS INTEGER), count(*) FROM tasks
                       WHERE finished IS NOT NULL GROUP BY 1""",
                    (first, seconds),
                ).fetchall()
            )
        return [found.get(number, 0) for number in range(int((last - first) / seconds) + 1)]

    def fact(self, name: str) -> Any:
        """A fact that was remembered; None if it never was."""
        with self._named_errors():
            row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])


def record_from(row: Sequence[Any], out: Path, suffix: str) -> Record:
    """The record of a photo from its columns (`RECORD_COLUMNS`)."""
    name, sizes = as_read(row[0]), json.loads(row[10] or "{}")
    tar = None if row[15] is None else tar_name(suffix, row[15])
    return Record(
        name,
        as_read(row[1]),
        status=row[2],
        photo_sha256=row[3],
        settings_sha256=row[4],
        version=row[5],
        seed=row[6],
        score=row[7],
        seconds=row[8],
        warnings=tuple(json.loads(row[9] or "[]")),
        outputs=tuple((kind, f"{name}.{kind}" if tar is None else member_name(name, kind)) for kind in sizes),
        sizes=tuple(sizes.values()),
        error_kind=row[11],
        error=row[12],
        attempts=row[13],
        finished=row[14],
        tar=tar,
        out=out,
    )
