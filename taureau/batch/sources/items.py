"""What a source gives: `Item`s, which are photos to draw, and `Problem`s, which are places it could not look into."""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

# What can be read, and what is a photo that cannot: its error says more than silence.
PHOTO_ENDINGS = frozenset(
    f".{ending}"
    for endings in (
        ("jpg", "jpeg", "jpe", "jfif", "png", "webp", "avif", "gif", "bmp", "dib", "tif", "tiff"),
        ("ppm", "pgm", "pbm", "pnm", "heic", "heif", "hif", "jxl", "jp2"),
        ("dng", "cr2", "cr3", "nef", "arw", "raf"),
    )
    for ending in endings
)
OWN_FOLDER = ".taureau-batch"
"""In OUT: the ledger and the locks."""
# A photo that was written to within this time is looked at again later.
_WRITING_NS = 2_000_000_000
_ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]+://")


@dataclass(frozen=True)
class Item:
    """A photo that a source names.

    Args:
        name: where it lies below the source, with `/`: so its drawing lies below OUT.
        photo: where to read it.
        fingerprint: a cheap sign that changes with the contents, such as size and time; None where there is none.
        values: settings of this photo alone.
    """

    name: str
    photo: str
    fingerprint: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """What a source could not look into, in one sentence."""

    text: str


Found = Item | Problem
Stream = Callable[[], Iterator[Found]]


def fingerprint(path: str | Path) -> str | None:
    """Size and time of a file, as a cheap sign of its contents; None where there is no file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return f"{found.st_size}-{found.st_mtime_ns}"


def is_being_written(item: Item) -> bool:
    """Whether a local photo has changed so lately that it may be half copied; a time to come says nothing."""
    time_ns = (item.fingerprint or "").rpartition("-")[2]
    if is_address(item.photo) or not time_ns.isdigit():
        return False
    return 0 <= time.time_ns() - int(time_ns) < _WRITING_NS


def is_address(photo: str) -> bool:
    """Whether a photo or a source is named by an address, such as `s3://...`, and not by a path."""
    return _ADDRESS.match(photo) is not None


def safe_name(name: str) -> str | None:
    """A name from a manifest, a shard or an address as one below OUT; None where it would lead out of it."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/") if os.sep == "\\" else name).parts if part != "/"]
    if not parts or ".." in parts or parts[0] == OWN_FOLDER or "\0" in name:
        return None
    return "/".join(parts)


def reason(error: OSError | ValueError) -> str:
    """What the system says, as a part of a sentence."""
    return (getattr(error, "strerror", None) or str(error)).lower()
