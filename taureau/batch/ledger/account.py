"""The account of a batch: what its ledger says, also while the batch writes it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taureau.batch.ledger.database import CLAIMED, PENDING, Database, as_read, as_stored
from taureau.batch.ledger.record import DONE, FAILED, Record


@dataclass(frozen=True)
class Known:
    """What the ledger holds of a photo that a source names."""

    status: str
    photo: str
    recipe_sha256: str
    fingerprint: str | None
    run: int
    outputs: dict[str, int]


class Account(Database):
    """A ledger to be read; for `path` and what is raised see `Database`."""

    def __init__(self, path: Path, *, read_only: bool = True) -> None:
        super().__init__(path, read_only=read_only)

    # One photo

    def known(self, name: str) -> Known | None:
        """What is known of a photo by its name."""
        with self._named_errors():
            row = self._db.execute(
                """SELECT status, photo, sha256, fingerprint, run, outputs
                   FROM tasks JOIN recipes ON recipes.id = recipe WHERE name = ?""",
                (as_stored(name),),
            ).fetchone()
        if row is None:
            return None
        return Known(row[0], as_read(row[1]), row[2], row[3], row[4], json.loads(row[5] or "{}"))

    def has_open(self, run: int) -> bool:
        """Whether a run still has photos that are not done."""
        with self._named_errors():
            (found,) = self._db.execute(
                """SELECT EXISTS (SELECT 1 FROM tasks WHERE status = 'pending' AND run = ?)
                       OR EXISTS (SELECT 1 FROM tasks WHERE status = 'claimed')""",
                (run,),
            ).fetchone()
        return bool(found)

    def maybe_begun(self) -> list[str]:
        """The names of photos that a killed worker may have begun to write, for a time when nobody draws.

        Those claimed by an owner that is no more, and those that a worker died with: the batch that saw it die may have
        been killed before it cleaned up.
        """
        with self._named_errors():
            rows = self._db.execute("SELECT name FROM tasks WHERE status = 'claimed' OR deaths > 0")
            return [as_read(name) for (name,) in rows]

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
                f"""SELECT name, photo, status, photo_sha256, sha256, version, seed, score, seconds, warnings, outputs,
                        error_kind, error, attempts, finished
                    FROM tasks JOIN recipes ON recipes.id = recipe
                    WHERE status IN ('done', 'failed'){condition} ORDER BY tasks.{order} LIMIT ?""",
                (most,),
            )
            for row in rows:
                yield _record(row, out)

    def failures(self) -> dict[str, int]:
        """How many photos failed, by the name of the error, the most frequent first."""
        with self._named_errors():
            return dict(
                self._db.execute(
                    "SELECT error_kind, count(*) FROM tasks WHERE status = 'failed' GROUP BY 1 ORDER BY 2 DESC, 1"
                ).fetchall()
            )

    def rate(self, spans: int) -> list[tuple[float, int]]:
        """How many photos ended, over time.

        Args:
            spans: into how many equal spans the time from the first to the last is cut.

        Returns:
            The beginning of each span in seconds since 1970, and how many photos ended in it.
        """
        with self._named_errors():
            first, last = self._db.execute("SELECT min(finished), max(finished) FROM tasks").fetchone()
            if first is None:
                return []
            width = max((last - first) / spans, 1e-3)
            found = dict(
                self._db.execute(
                    """SELECT min(CAST((finished - ?) / ? AS INTEGER), ?), count(*) FROM tasks
                       WHERE finished IS NOT NULL GROUP BY 1""",
                    (first, width, spans - 1),
                ).fetchall()
            )
        return [(first + number * width, found.get(number, 0)) for number in range(spans)]

    def fact(self, name: str) -> Any:
        """A fact that was remembered; None if it never was."""
        with self._named_errors():
            row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])


def _record(row: Sequence[Any], out: Path) -> Record:
    name, sizes = as_read(row[0]), json.loads(row[10] or "{}")
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
        outputs=tuple((kind, f"{name}.{kind}") for kind in sizes),
        sizes=tuple(sizes.values()),
        error_kind=row[11],
        error=row[12],
        attempts=row[13],
        finished=row[14],
        out=out,
    )
