"""Manifests: a table with a column `photo`, and settings of single photos in further columns.

CSV, JSON lines, and Parquet with the extra `batch`. A column `name` says where the drawing lies below OUT, so that one
photo can be drawn in several ways. The whole table is checked before any work, a row at a time.
"""

import csv
import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import taureau
from taureau.batch.sources.items import Found, Item, Stream, fingerprint, is_address, safe_name

_SETTINGS = {field.name: field.default for field in dataclasses.fields(taureau.Settings) if field.name != "preset"}
_NUMBERS_OR_NONE = {field.name for field in dataclasses.fields(taureau.Settings) if field.type == float | None}
_OWN_COLUMNS = ("photo", "name")


def open_manifest(path: Path) -> Stream:
    """Check a manifest, and give what reads through it.

    Raises:
        InputError: no column `photo`, an unknown column, a value that no setting takes, or rows that repeat.
    """
    seen: dict[int, int] = {}
    for number, item in _items(path):
        # Hashes of names, not names: a manifest may have millions of rows.
        earlier = seen.setdefault(hash(item.name), number)
        if earlier != number:
            raise taureau.InputError(
                f"{path}, row {number}: {item.name} is in row {earlier} already; remove one of them, or give the rows "
                "names of their own in a column 'name'"
            )
    if not seen:
        raise taureau.InputError(f"{path}: has no rows; give one photo a row")
    return lambda: _stream(path)


def _stream(path: Path) -> Iterator[Found]:
    for _, item in _items(path):
        yield item if is_address(item.photo) else dataclasses.replace(item, fingerprint=fingerprint(item.photo))


def _items(path: Path) -> Iterator[tuple[int, Item]]:
    """The rows as photos, numbered from 1."""
    rows = {".csv": _csv_rows, ".jsonl": _json_rows, ".parquet": _parquet_rows}[path.suffix.lower()](path)
    for number, row in rows:
        where = f"{path}, row {number}"
        photo = row.get("photo")
        if not isinstance(photo, str) or not photo:
            raise taureau.InputError(f"{where}: has no photo; fill its column 'photo', or remove the row")
        _check_columns(row, where)
        values = {column: value for column, value in row.items() if column not in _OWN_COLUMNS}
        try:
            taureau.Settings().with_values(**values)
        except taureau.InputError as error:
            raise taureau.InputError(f"{where}: {error}") from error
        named = row.get("name") or _name_of(photo, path.parent)
        name = safe_name(str(named))
        if name is None:
            raise taureau.InputError(
                f"{where}: {named} leads out of OUT; give the row a name of its own in a column 'name'"
            )
        place = photo if is_address(photo) else str((path.parent / photo).absolute())
        yield number, Item(name, place, None, values)


def _name_of(photo: str, folder: Path) -> str:
    """The name of a photo by its place: below the manifest's folder, or its address or absolute path."""
    if is_address(photo):
        return photo.split("://", 1)[1].split("?", 1)[0]
    path = Path(photo)
    return path.relative_to(folder.absolute()).as_posix() if path.is_relative_to(folder.absolute()) else path.as_posix()


def _check_columns(row: Mapping[str, Any], where: str) -> None:
    for column in row:
        if column not in _OWN_COLUMNS and column not in _SETTINGS:
            raise taureau.InputError(
                f"{where}: there is no setting {column!r}; the columns are photo, name, {', '.join(_SETTINGS)}"
            )


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _opened(path) as file:
        rows = csv.DictReader(file, strict=True)
        try:
            if "photo" not in (rows.fieldnames or ()):
                raise taureau.InputError(
                    f"{path}: has no column 'photo', but {', '.join(map(str, rows.fieldnames or ['nothing']))}; "
                    "name the column with the photos 'photo' in the first line"
                )
            for number, row in enumerate(rows, start=1):
                if None in row:
                    raise taureau.InputError(f"{path}, row {number}: has more cells than the first line has columns")
                yield (
                    number,
                    {column: _typed(column, cell, f"{path}, row {number}") for column, cell in row.items() if cell},
                )
        except (csv.Error, UnicodeDecodeError) as error:
            raise taureau.InputError(f"{path}: is no CSV in UTF-8 ({error}); save it as that") from error


def _typed(column: str, cell: str, where: str) -> Any:
    """A cell as the setting of its column takes it."""
    default = _SETTINGS.get(column)
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False, "1": True, "0": False}[cell.strip().lower()]
        if isinstance(default, int):
            return int(cell)
        return float(cell) if isinstance(default, float) or column in _NUMBERS_OR_NONE else cell
    except (KeyError, ValueError) as error:
        wanted = "true or false" if isinstance(default, bool) else "a number"
        raise taureau.InputError(f"{where}: {column} must be {wanted}, got {cell!r}") from error


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _opened(path) as file:
        try:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise taureau.InputError(f'{path}, row {number}: is no object; write lines as {{"photo": ...}}')
                yield number, {column: value for column, value in row.items() if value is not None}
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise taureau.InputError(f"{path}: is not JSON lines in UTF-8 ({error}); write an object a line") from error


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise taureau.BackendError(
            f"{path}: Parquet needs pyarrow; install it with pip install 'taureau[batch]', or give CSV or JSON lines"
        ) from error
    try:
        table = parquet.ParquetFile(path)
        if "photo" not in table.schema_arrow.names:
            raise taureau.InputError(
                f"{path}: has no column 'photo', but {', '.join(table.schema_arrow.names)}; name one 'photo'"
            )
        number = 0
        for part in table.iter_batches(batch_size=4096):
            for row in part.to_pylist():
                number += 1
                yield number, {column: value for column, value in row.items() if value is not None}
    except (ArrowException, OSError) as error:
        raise taureau.InputError(f"{path}: is no Parquet that can be read ({error}); write it again") from error


def _opened(path: Path) -> Any:
    try:
        return open(path, encoding="utf-8-sig", newline="" if path.suffix.lower() == ".csv" else None)
    except OSError as error:
        raise taureau.InputError(f"{path}: cannot be read ({(error.strerror or str(error)).lower()})") from error
