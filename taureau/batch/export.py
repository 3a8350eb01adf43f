"""The records of a batch as files for other programs: JSON lines, and Parquet in parts where pyarrow is there."""

import itertools
import json
import os
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from taureau.batch.ledger.account import Account
from taureau.batch.staging import publish

ROWS_A_PART = 200_000


def write_records(ledger: Account, out: Path, suffix: str, staging: Path) -> None:
    """Write all records of a ledger to OUT, each file whole.

    Args:
        ledger: whose records.
        out: the folder OUT.
        suffix: of the names, such as that of a shard.
        staging: where they are written first.
    """
    publish(out / f"records{suffix}.jsonl", staging, partial(_write_lines, ledger, out))
    if find_spec("pyarrow") is not None:
        _write_parts(ledger, out, suffix, staging)


def _write_lines(ledger: Account, out: Path, path: Path) -> None:
    with open(path, "x", encoding="utf-8") as file:
        file.writelines(json.dumps(record.as_row()) + "\n" for record in ledger.records(out))
        file.flush()
        os.fsync(file.fileno())


def _write_parts(ledger: Account, out: Path, suffix: str, staging: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    text, whole, number = pyarrow.string(), pyarrow.int64(), pyarrow.float64()
    kinds = {
        **dict.fromkeys(("name", "photo", "status", "photo_sha256", "settings_sha256", "version"), text),
        **{"seed": whole, "score": number, "seconds": number, "warnings": pyarrow.list_(text)},
        **{
            "svg": text,
            "png": text,
            "tar": text,
            "error_kind": text,
            "error": text,
            "attempts": whole,
            "finished": number,
        },
    }
    schema = pyarrow.schema(list(kinds.items()))
    records, written = ledger.records(out), set()
    for part in itertools.count():
        rows = []
        for record in itertools.islice(records, ROWS_A_PART):
            row = record.as_row()
            # Parquet keeps text only: what a name has of other bytes is escaped, as an error shows it.
            plain = {**row, **row["outputs"]}
            rows.append({name: _as_text(plain.get(name)) for name in kinds})
        if part and not rows:
            break
        path = out / f"records{suffix}-{part:05}.parquet"
        table = pyarrow.Table.from_pylist(rows, schema=schema)
        publish(path, staging, partial(parquet.write_table, table))
        written.add(path)
    for old in out.glob(f"records{suffix}-[0-9][0-9][0-9][0-9][0-9].parquet"):
        if old not in written:
            old.unlink()


def _as_text(value: object) -> object:
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
