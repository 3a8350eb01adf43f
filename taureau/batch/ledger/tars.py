"""What the ledger knows of tars: which photos lie in which, and which tars hold drawings that were drawn again."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from taureau.batch.ledger.account import RECORD_COLUMNS, Account, record_from
from taureau.batch.ledger.database import as_read, as_stored
from taureau.batch.ledger.record import Record

_AT_ONCE = 500


class TarLedger(Account):
    """The part of a ledger that is about tars; for `path` and what is raised see `Database`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, read_only=False)

    def tars(self, *, stale: bool = False) -> list[int]:
        """The numbers of the tars that are there; `stale` for those with drawings that were drawn again."""
        with self._named_errors():
            return [number for (number,) in self._db.execute("SELECT id FROM tars WHERE stale >= ?", (int(stale),))]

    def loose(self) -> list[int]:
        """The rows of photos that are done and in no tar."""
        with self._named_errors():
            rows = self._db.execute("SELECT id FROM tasks WHERE status = 'done' AND tar IS NULL ORDER BY id")
            return [row for (row,) in rows]

    def loose_records(self, rows: Sequence[int], out: Path) -> Iterator[tuple[int, Record]]:
        """Which of these rows are done and in no tar now, with their records."""
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            with self._named_errors():
                found = self._db.execute(
                    f"""SELECT {RECORD_COLUMNS}, tasks.id FROM tasks JOIN recipes ON recipes.id = recipe
                        WHERE status = 'done' AND tar IS NULL AND tasks.id IN ({",".join("?" * len(some))})
                        ORDER BY tasks.id""",
                    some,
                ).fetchall()
            yield from ((row[-1], record_from(row, out, self.suffix)) for row in found)

    def files_in(self, number: int, *, ended: bool = True) -> list[tuple[str, tuple[str, ...]]]:
        """The photos of a tar by name, with the kinds of their files; `ended` for those that nobody draws anew."""
        condition = " AND status = 'done'" if ended else ""
        with self._named_errors():
            rows = self._db.execute(f"SELECT name, outputs FROM tasks WHERE tar = ?{condition}", (number,)).fetchall()
        return [(as_read(name), tuple(json.loads(sizes or "{}"))) for name, sizes in rows]

    def enter_tar(self, number: int, size: int, rows: Iterable[int]) -> None:
        """Enter a tar that was written, with the rows of the photos that were put into it."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO tars VALUES (?, ?, 0)", (number, size))
            self._db.executemany("UPDATE tasks SET tar = ? WHERE id = ?", [(number, row) for row in rows])

    def forget_tar(self, number: int) -> None:
        """Strike out a tar that holds nothing any more."""
        with self._transaction():
            self._db.execute("DELETE FROM tars WHERE id = ?", (number,))

    def adopt_tar(self, number: int, size: int, records: Iterable[Record]) -> int:
        """Enter a tar that was found: photos that nobody knows, and those whose packing a kill has interrupted.

        Returns:
            How many nobody knew.
        """
        unknown = left_out = 0
        with self._transaction():
            self._db.execute("INSERT INTO tars VALUES (?, ?, 0)", (number, size))
            for record in records:
                if self._adopted(record, "{}", number):
                    unknown += 1
                    continue
                left_out += not self._db.execute(
                    """UPDATE tasks SET tar = ? WHERE name = ? AND status = 'done' AND tar IS NULL AND photo_sha256 = ?
                       AND recipe = (SELECT id FROM recipes WHERE sha256 = ?)""",
                    (number, as_stored(record.name), record.photo_sha256, record.settings_sha256),
                ).rowcount
            self._db.execute("UPDATE tars SET stale = ? WHERE id = ?", (int(left_out > 0), number))
        return unknown

    def _adopted(self, record: Record, recipe: str, tar: int | None) -> bool:
        """Enter a drawing that was found, unless its photo is known; in a transaction."""
        # The text of a recipe is known again when somebody draws by it (see `Ledger.recipe`).
        self._db.execute(
            "INSERT OR IGNORE INTO recipes (sha256, version, text) VALUES (?, ?, ?)",
            (record.settings_sha256, record.version or "", recipe),
        )
        entered = self._db.execute(
            """INSERT OR IGNORE INTO tasks (name, photo, recipe, status, run, photo_sha256, seed, score, warnings,
                   outputs, finished, tar)
               VALUES (?, ?, (SELECT id FROM recipes WHERE sha256 = ?), 'done', 0, ?, ?, ?, ?, ?, ?, ?)""",
            (as_stored(record.name), as_stored(record.photo), record.settings_sha256, record.photo_sha256, record.seed,
             record.score, json.dumps(record.warnings) if record.warnings else None, sizes_of(record),
             record.finished, tar),
        )  # fmt: skip
        return entered.rowcount == 1


def sizes_of(record: Record) -> str | None:
    """The sizes of a photo's files by kind, as JSON."""
    sizes = {kind: size for (kind, _), size in zip(record.outputs, record.sizes, strict=True)}
    return json.dumps(sizes) if sizes else None
