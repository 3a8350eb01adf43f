"""The database of a ledger: an SQLite file of a known schema, with errors that say what they mean for a batch.

Names may hold any bytes that a file system allows: what is no text is kept as bytes.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import taureau

SCHEMA_VERSION = 2
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
    error_kind TEXT, error TEXT, finished REAL,
    tar INTEGER REFERENCES tars (id)    -- where its drawing lies; none where it is a file of its own
);
CREATE INDEX open_tasks ON tasks (run, deaths, id) WHERE status = 'pending';
CREATE INDEX claims ON tasks (owner) WHERE status = 'claimed';
CREATE INDEX states ON tasks (status);
CREATE INDEX packed ON tasks (tar) WHERE tar IS NOT NULL;
CREATE TABLE tars (
    id INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    stale INTEGER NOT NULL         -- whether it holds drawings that were drawn again
);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class LedgerDamagedError(Exception):
    """The file is no ledger that can be read, and must be built anew."""


class Database:
    """An open file of a ledger.

    Args:
        path: of the file; made if it is not there.
        read_only: whether nothing is to be written, as for a look at a batch under way.

    Raises:
        InputError: a ledger of another version of its schema, or none to read.
        LedgerDamagedError: the file is damaged.
        TaureauError: the disk is full, or the file cannot be opened.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        if read_only and not path.exists():
            raise taureau.InputError(f"{path}: there is no ledger of a batch; name the OUT of one")
        with self._named_errors():
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
        is_new_file = is_new and version == 0 and not tables
        if is_new_file:
            self._db.execute("PRAGMA journal_mode = WAL")
            with self._transaction():
                for statement in _SCHEMA.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            version = SCHEMA_VERSION
        elif version == 0 and not tables:
            raise taureau.InputError(f"{self.path}: a batch begins here at this moment; look again")
        if version != SCHEMA_VERSION and "tasks" in tables:
            raise taureau.InputError(
                f"{self.path}: is a ledger of schema {version}, and this taureau ({taureau.__version__}) writes "
                f"{SCHEMA_VERSION}; use the taureau that began this batch, or another OUT"
            )
        if not is_new_file and not {"tasks", "recipes", "tars", "facts"} <= tables:
            raise LedgerDamagedError(f"{self.path}: has not the tables of a ledger")
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
    def together(self) -> Iterator[None]:
        """What is entered inside is entered at once, or not at all: many rows then cost little more than one."""
        with self._transaction():
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._db.in_transaction:
            yield
            return
        with self._named_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def as_stored(text: str) -> str | bytes:
    """A name as SQLite can keep it: as bytes where it is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text


def as_read(value: str | bytes) -> str:
    """A name as it was before it was stored."""
    return os.fsdecode(value) if isinstance(value, bytes) else value


def printable(text: str) -> str:
    """An error that may hold bytes of a name, as text."""
    return text.encode(errors="backslashreplace").decode()
