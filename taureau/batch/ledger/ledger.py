"""The ledger: an SQLite file that is the truth about which photos of a batch are done.

One row a photo. A claim and a completion are one transaction each, so a photo is in one pair of hands at a time and
ends as `done` or `failed` once, whoever is killed in between.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import taureau
from taureau.batch.ledger.database import as_read, as_stored, printable
from taureau.batch.ledger.record import DONE, Record
from taureau.batch.ledger.tars import TarLedger, sizes_of


@dataclass(frozen=True)
class Task:
    """A photo to draw.

    Args:
        id: its row.
        name, photo: as in `Record`.
        recipe: the text of what it is drawn with (see `Recipe`).
        recipe_sha256: hash of that text.
        fingerprint: cheap sign of the photo's contents, such as size and time; None if there is none.
        anew: whether it is drawn again although a drawing of the same contents may be there.
        tar: the name of the tar in OUT that its earlier drawing lies in, if it does.
        attempts: how often it was taken up, this time included.
        deaths: how many workers ended while they had it.
    """

    id: int
    name: str
    photo: str
    recipe: str
    recipe_sha256: str
    fingerprint: str | None
    anew: bool
    tar: str | None
    attempts: int
    deaths: int


class Ledger(TarLedger):
    """A ledger to be written; for `path` and what is raised see `Database`."""

    # Runs and what they draw with

    def begin_run(self) -> int:
        """Number a new run; rows that it finds something to do for carry the number."""
        with self._transaction():
            number = (self.fact("runs") or 0) + 1
            self._set_fact("runs", number)
        return number

    def remember(self, **facts: Any) -> None:
        """Keep facts about the batch, such as what a source could not read."""
        with self._transaction():
            for name, value in facts.items():
                self._set_fact(name, value)

    def _set_fact(self, name: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def recipe(self, text: str, sha256: str, version: str) -> int:
        """The row of a recipe, made if it is new."""
        with self._named_errors():
            self._db.execute(
                """INSERT INTO recipes (sha256, version, text) VALUES (?, ?, ?)
                   ON CONFLICT (sha256) DO UPDATE SET text = excluded.text WHERE text != excluded.text""",
                (sha256, version, text),
            )
            return int(self._db.execute("SELECT id FROM recipes WHERE sha256 = ?", (sha256,)).fetchone()[0])

    # Claims

    def want(self, rows: Iterable[tuple[str, str, int, str | None, bool]], run: int) -> None:
        """Note photos to draw: name, photo, recipe, fingerprint, and whether to draw it anew.

        A photo that is known becomes pending again. What had killed workers under other settings or contents is
        forgotten.
        """
        with self._transaction():
            self._db.executemany(
                """INSERT INTO tasks (name, photo, recipe, fingerprint, anew, run, status)
                   VALUES (?, ?, ?, ?, ?, ?, 'pending')
                   ON CONFLICT (name) DO UPDATE SET
                       deaths = CASE WHEN status = 'pending' AND recipe = excluded.recipe
                                     AND fingerprint IS excluded.fingerprint THEN deaths ELSE 0 END,
                       photo = excluded.photo, recipe = excluded.recipe, fingerprint = excluded.fingerprint,
                       anew = excluded.anew OR (status = 'pending' AND anew), run = excluded.run, status = 'pending'
                   WHERE status != 'claimed'""",
                [(as_stored(name), as_stored(photo), recipe, sign, int(anew), run)
                 for name, photo, recipe, sign, anew in rows],
            )  # fmt: skip

    def claim(self, owner: str, run: int, *, most: int = 1, alone: bool = False) -> list[Task]:
        """Take up photos that nobody has.

        Args:
            owner: who takes them.
            run: only photos that this run found.
            most: how many.
            alone: take those that a worker died with before, instead of the others.
        """
        with self._transaction():
            rows = self._db.execute(
                f"""UPDATE tasks SET status = 'claimed', owner = ?, attempts = attempts + 1 WHERE id IN (
                        SELECT id FROM tasks WHERE status = 'pending' AND run = ? AND deaths {">" if alone else "="} 0
                        ORDER BY deaths, id LIMIT ?)
                    RETURNING id, name, photo, recipe, fingerprint, anew, tar, attempts, deaths""",
                (owner, run, most),
            ).fetchall()
            return [self._task(row) for row in rows]

    def _task(self, row: Sequence[Any]) -> Task:
        number, name, photo, recipe, sign, anew, tar, attempts, deaths = row
        text, sha256 = self._db.execute("SELECT text, sha256 FROM recipes WHERE id = ?", (recipe,)).fetchone()
        return Task(
            number, as_read(name), as_read(photo), text, sha256, sign, bool(anew), self.tar_name(tar), attempts, deaths
        )

    def release(self, owner: str | None = None) -> int:
        """Let the photos of an owner, or of all owners, be claimed again, without a mark: it was not their fault.

        Returns:
            How many.
        """
        condition, values = ("", ()) if owner is None else (" AND owner = ?", (owner,))
        with self._transaction():
            return self._db.execute(
                f"UPDATE tasks SET status = 'pending', owner = NULL WHERE status = 'claimed'{condition}", values
            ).rowcount

    # Ends

    def complete(self, task: Task, owner: str, record: Record, fingerprint: str | None) -> None:
        """Enter how a photo ended, drawn or failed. A tar with an earlier drawing of it is stale then.

        Raises:
            TaureauError: the owner does not hold the claim; nothing is entered.
        """
        is_moved = record.status == DONE and record.tar is None and task.tar is not None
        with self._transaction():
            if is_moved:
                self._db.execute(
                    "UPDATE tars SET stale = 1 WHERE id = (SELECT tar FROM tasks WHERE id = ? AND owner = ?)",
                    (task.id, owner),
                )
            entered = self._db.execute(
                """UPDATE tasks SET status = ?, owner = NULL, anew = 0, fingerprint = ?, photo_sha256 = ?, seed = ?,
                       score = ?, seconds = ?, warnings = ?, outputs = ?, error_kind = ?, error = ?, finished = ?,
                       tar = CASE WHEN ? THEN NULL ELSE tar END
                   WHERE id = ? AND status = 'claimed' AND owner = ?""",
                (record.status, fingerprint, record.photo_sha256, record.seed, record.score, record.seconds,
                 json.dumps(record.warnings) if record.warnings else None, sizes_of(record), record.error_kind,
                 record.error and printable(record.error), record.finished, int(is_moved), task.id, owner),
            ).rowcount  # fmt: skip
        if entered != 1:
            raise taureau.TaureauError(
                f"{self.path}: {task.name!r} is not claimed by this batch any more; another one has taken OUT over; "
                "end one of them"
            )

    def give_back(self, task: Task, owner: str, *, death: bool) -> None:
        """Let a photo be claimed again; `death` marks it as one that a worker died with."""
        with self._transaction():
            self._db.execute(
                """UPDATE tasks SET status = 'pending', owner = NULL, deaths = deaths + ?
                   WHERE id = ? AND status = 'claimed' AND owner = ?""",
                (int(death), task.id, owner),
            )

    def adopt(self, records: Iterable[tuple[Record, str]]) -> int:
        """Enter drawings that were found, with the hashes in them; photos that are known are left as they are.

        Args:
            records: each with the text of its recipe.

        Returns:
            How many were entered.
        """
        with self._transaction():
            return sum(self._adopted(record, text, None) for record, text in records)


def now() -> float:
    """The time by the clock of the machine; only shown, never compared: clocks are set back."""
    return round(time.time(), 3)
