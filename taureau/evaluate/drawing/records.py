"""The record beside each picture of an experiment: what it was made of, and how."""

import hashlib
import json
from pathlib import Path
from typing import Any

import taureau

_AGAIN = "draw with 'taureau evaluate draw', or again"


def record_file(file: Path) -> Path:
    """Where the record of a picture is."""
    return file.with_name(f"{file.name}.json")


def sha256(data: bytes) -> str:
    """The hash that records hold."""
    return hashlib.sha256(data).hexdigest()


def find_record(file: Path) -> dict[str, Any] | None:
    """The record of a picture; None unless both are there and the picture is what the record says."""
    try:
        record = json.loads(record_file(file).read_text(encoding="utf-8"))
        return dict(record) if sha256(file.read_bytes()) == record["sha256"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_record(file: Path) -> dict[str, Any]:
    """The record of a picture.

    Raises:
        InputError: the picture or its record is not there, or the picture is another than was recorded.
    """
    if not file.is_file():
        raise taureau.InputError(f"{file}: is not there; first {_AGAIN}")
    record = find_record(file)
    if record is None:
        raise taureau.InputError(f"{file}: is not the picture of its record {record_file(file).name}; {_AGAIN}")
    return record
