"""The ledger: an SQLite file that is the truth about which photos of a batch are done.

One row a photo. A claim and a completion are one transaction each, so a photo is in one pair of hands at a time and
ends as `done` or `failed` once, whoever is killed in between. Names may hold any bytes that a file system allows.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import taureau
from taureau.batch.record import DONE, FAILED, Record

SCHEMA_VERSION = 1
PENDING, CLAIMED = "pending", "claimed"

_SCHEMA = """
CREATE TABLE recipes (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    version TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    name NOT NULL UNIQUE,          -- text, or bytes where a name is no text
    photo NOT NULL,
    recipe INTEGER NOT NULL REFERENCES recipes (id),
    status TEXT NOT NULL CHECK (status IN ('pending', 'claimed', 'done', 'failed')),
    owner TEXT,                    -- who has claimed it
    attempts INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    run INTEGER NOT NULL,          -- the last run that found something to do here
    anew INTEGER NOT NULL DEFAULT 0,
    fingerprint TEXT,
    photo_sha256 TEXT, seed INTEGER, score REAL, seconds REAL, warnings TEXT, outputs TEXT,
    error_kind TEXT, error TEXT, finished REAL
);
CREATE INDEX open_tasks ON tasks (run, deaths, id) WHERE status = 'pending';
CREATE INDEX claims ON tasks (owner) WHERE status = 'claimed';
CREATE INDEX states ON tasks (status);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class LedgerDamagedError(Exception):
    """The file is no ledger that can be read, and must be built anew."""


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
    attempts: int
    deaths: int


@dataclass(frozen=True)
class Known:
    """What the ledger holds of a photo that a source names."""

    status: str
    photo: str
    recipe_sha256: str
    fingerprint: str | None
    run: int
    outputs: dict[str, int]


class Ledger:
    """An open ledger.

    Args:
        path: of the file; made if it is not there.
        read_only: whether nothing is to be written, as for a look at a batch under way.

    Raises:
        InputError: a ledger of another version of its schema, or none to read.
        LedgerDamagedError: the file is damaged.
        TaureauError: the disk is full, or the file cannot be opened.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        if read_only and not path.exists():
            raise taureau.InputError(f"{path}: there is no ledger of a batch; name the OUT of one")
        self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
        try:
            with self._named_errors():
                if read_only:
                    self._db.execute("PRAGMA query_only = 1")
                self._open(is_new=not read_only)
        except BaseException:
            self._db.close()
            raise

    def _open(self, *, is_new: bool) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if is_new and version == 0 and not tables:
            self._db.execute("PRAGMA journal_mode = WAL")
            with self._transaction():
                for statement in _SCHEMA.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            version = SCHEMA_VERSION
        elif not {"tasks", "recipes", "facts"} <= tables:
            raise LedgerDamagedError(f"{self.path}: has not the tables of a ledger")
        if version != SCHEMA_VERSION:
            raise taureau.InputError(
                f"{self.path}: is a ledger of schema {version}, and this taureau ({taureau.__version__}) writes "
                f"{SCHEMA_VERSION}; use the taureau that began this batch, or another OUT"
            )
        self._db.execute("PRAGMA synchronous = NORMAL")

    def check(self) -> None:
        """Read the whole file once.

        Raises:
            LedgerDamagedError: something in it does not fit together.
        """
        with self._named_errors():
            (found,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise LedgerDamagedError(f"{self.path}: {found}")

    def close(self) -> None:
        """Close the file; what was written stays."""
        self._db.close()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Errors of SQLite by what they mean for a batch."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorname", "")
            if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
                raise LedgerDamagedError(f"{self.path}: {error}") from error
            if code.startswith("SQLITE_FULL"):
                why, step = "the disk is full", "free some space and run the same command again"
            elif code.startswith("SQLITE_BUSY"):
                why, step = "another program holds it", "end that program and run the same command again"
            elif code.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")):
                why, step = str(error), "check that OUT is still there and can be written, and run the command again"
            else:
                raise
            raise taureau.TaureauError(f"{self.path}: the ledger cannot be used ({why}); {step}") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._named_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # Runs and what they draw with

    def begin_run(self) -> int:
        """Number a new run; rows that it finds something to do for carry the number."""
        with self._transaction():
            number = int(self._fact("runs") or 0) + 1
            self._set_fact("runs", str(number))
        return number

    def remember(self, **facts: Any) -> None:
        """Keep facts about the batch, such as what a source could not read."""
        with self._transaction():
            for name, value in facts.items():
                self._set_fact(name, json.dumps(value))

    def fact(self, name: str) -> Any:
        """A fact that was remembered; None if it never was."""
        value = self._fact(name)
        return None if value is None else json.loads(value)

    def _fact(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def _set_fact(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def recipe(self, text: str, sha256: str, version: str) -> int:
        """The row of a recipe, made if it is new."""
        with self._named_errors():
            self._db.execute("INSERT OR IGNORE INTO recipes (sha256, version, text) VALUES (?, ?, ?)",
                             (sha256, version, text))  # fmt: skip
            return int(self._db.execute("SELECT id FROM recipes WHERE sha256 = ?", (sha256,)).fetchone()[0])

    # Finding work

    def known(self, name: str) -> Known | None:
        """What is known of a photo by its name."""
        with self._named_errors():
            row = self._db.execute(
                """SELECT status, photo, sha256, fingerprint, run, outputs
                   FROM tasks JOIN recipes ON recipes.id = recipe WHERE name = ?""",
                (_stored(name),),
            ).fetchone()
        if row is None:
            return None
        return Known(row[0], _read(row[1]), row[2], row[3], row[4], json.loads(row[5] or "{}"))

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
                [(_stored(name), _stored(photo), recipe, sign, int(anew), run)
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
                    RETURNING id, name, photo, recipe, fingerprint, anew, attempts, deaths""",
                (owner, run, most),
            ).fetchall()
            return [self._task(row) for row in rows]

    def _task(self, row: Sequence[Any]) -> Task:
        number, name, photo, recipe, sign, anew, attempts, deaths = row
        text, sha256 = self._db.execute("SELECT text, sha256 FROM recipes WHERE id = ?", (recipe,)).fetchone()
        return Task(number, _read(name), _read(photo), text, sha256, sign, bool(anew), attempts, deaths)

    def has_open(self, run: int) -> bool:
        """Whether a run still has photos that are not done."""
        with self._named_errors():
            (found,) = self._db.execute(
                """SELECT EXISTS (SELECT 1 FROM tasks WHERE status = 'pending' AND run = ?)
                       OR EXISTS (SELECT 1 FROM tasks WHERE status = 'claimed')""",
                (run,),
            ).fetchone()
        return bool(found)

    def claims_left(self) -> list[str]:
        """The names of photos in which hands have died: those claimed by an owner that is no more."""
        with self._named_errors():
            return [_read(name) for (name,) in self._db.execute("SELECT name FROM tasks WHERE status = 'claimed'")]

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
        """Enter how a photo ended, drawn or failed.

        Raises:
            TaureauError: the owner does not hold the claim; nothing is entered.
        """
        sizes = {kind: size for (kind, _), size in zip(record.outputs, record.sizes, strict=True)}
        with self._transaction():
            entered = self._db.execute(
                """UPDATE tasks SET status = ?, owner = NULL, anew = 0, fingerprint = ?, photo_sha256 = ?, seed = ?,
                       score = ?, seconds = ?, warnings = ?, outputs = ?, error_kind = ?, error = ?, finished = ?
                   WHERE id = ? AND status = 'claimed' AND owner = ?""",
                (record.status, fingerprint, record.photo_sha256, record.seed, record.score, record.seconds,
                 json.dumps(record.warnings) if record.warnings else None, json.dumps(sizes) if sizes else None,
                 record.error_kind, record.error and _printable(record.error), record.finished, task.id, owner),
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
        entered = 0
        with self._transaction():
            for record, text in records:
                assert record.settings_sha256 is not None
                self._db.execute(
                    "INSERT OR IGNORE INTO recipes (sha256, version, text) VALUES (?, ?, ?)",
                    (record.settings_sha256, record.version, text),
                )
                (recipe,) = self._db.execute(
                    "SELECT id FROM recipes WHERE sha256 = ?", (record.settings_sha256,)
                ).fetchone()
                sizes = {kind: size for (kind, _), size in zip(record.outputs, record.sizes, strict=True)}
                entered += self._db.execute(
                    """INSERT OR IGNORE INTO tasks (name, photo, recipe, status, run, photo_sha256, seed, score,
                           warnings, outputs, finished) VALUES (?, ?, ?, 'done', 0, ?, ?, ?, ?, ?, ?)""",
                    (_stored(record.name), _stored(record.photo), recipe, record.photo_sha256, record.seed,
                     record.score, json.dumps(record.warnings) if record.warnings else None, json.dumps(sizes),
                     record.finished),
                ).rowcount  # fmt: skip
        return entered

    # What is there

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


def _record(row: Sequence[Any], out: Path) -> Record:
    name, sizes = _read(row[0]), json.loads(row[10] or "{}")
    return Record(
        name,
        _read(row[1]),
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


def now() -> float:
    """The time by the clock of the machine; only shown, never compared: clocks are set back."""
    return round(time.time(), 3)


def _stored(text: str) -> str | bytes:
    """A name as SQLite can keep it: as bytes where it is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text


def _read(value: str | bytes) -> str:
    return os.fsdecode(value) if isinstance(value, bytes) else value


def _printable(text: str) -> str:
    """An error that may hold bytes of a name, as text."""
    return text.encode(errors="backslashreplace").decode()
