"""Tar shards, as WebDataset has them: photos inside one large file, read where they lie without unpacking it."""

import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import taureau
from taureau.batch.sources.items import PHOTO_ENDINGS, Found, Item, Problem, Stream, fingerprint, safe_name

_PLACE = re.compile(r"(?s)(.+\.tar)::(\d+)\+(\d+)::(.+)")


def open_shard(path: Path) -> Stream:
    """Check a shard, and give what reads through it.

    Raises:
        InputError: the file is no tar, or a compressed one.
    """
    try:
        with tarfile.open(path, "r:"):
            pass
    except (tarfile.TarError, OSError) as error:
        raise taureau.InputError(
            f"{path}: is no plain tar that can be read ({error}); a compressed one must be unpacked first"
        ) from error
    return lambda: _members(path)


def _members(path: Path) -> Iterator[Found]:
    sign = fingerprint(path)
    try:
        with tarfile.open(path, "r:") as shard:
            for member in shard:
                shard.members = []  # type: ignore[attr-defined]  # it would keep all of them
                if not member.isfile() or Path(member.name).suffix.lower() not in PHOTO_ENDINGS:
                    continue
                name = safe_name(member.name)
                if name is None:
                    yield Problem(f"{path}: its member {member.name} leads out of OUT, and is not drawn")
                    continue
                place = f"{os.path.abspath(path)}::{member.offset_data}+{member.size}::{member.name}"
                yield Item(name, place, sign)
    except (tarfile.TarError, OSError) as error:
        yield Problem(f"{path}: ends early or is damaged ({error}); the photos behind that place are not drawn")


def is_member(photo: str) -> bool:
    """Whether a photo lies in a shard."""
    return _PLACE.fullmatch(photo) is not None


def read_member(photo: str) -> bytes:
    """The bytes of a photo in a shard.

    Raises:
        InputError: the shard is gone or shorter than it was.
    """
    place = _PLACE.fullmatch(photo)
    assert place is not None
    path, offset, size, name = place[1], int(place[2]), int(place[3]), place[4]
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read(size)
    except OSError as error:
        raise taureau.InputError(
            f"{name}: its shard {path} cannot be read ({(error.strerror or str(error)).lower()}); put it back"
        ) from error
    if len(data) < size:
        raise taureau.InputError(f"{name}: its shard {path} is shorter than it was; run the batch again")
    return data
