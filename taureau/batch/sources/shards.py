"""Tar shards, as WebDataset has them: photos inside one large file, read where they lie without unpacking it.

A shard is a file of this machine or an address.
"""

import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import taureau
from taureau.batch.sources import remote
from taureau.batch.sources.items import (
    PHOTO_ENDINGS,
    Found,
    Item,
    Problem,
    Stream,
    fingerprint,
    is_address,
    reason,
    safe_name,
)

_PLACE = re.compile(r"(?s)(.+\.tar)::(\d+)\+(\d+)::(.+)")


def open_shard(shard: str) -> Stream:
    """Check a shard, and give what reads through it.

    Args:
        shard: its path or address.

    Raises:
        InputError: there is no such file, or it is no tar, or a compressed one.
    """
    file, _ = _opened(shard)
    try:
        with file, tarfile.open(fileobj=file, mode="r:"):
            pass
    except Exception as error:  # each file system has errors of its own
        raise taureau.InputError(
            f"{shard}: is no plain tar that can be read ({error}); a compressed one must be unpacked first"
        ) from error
    return lambda: _members(shard)


def _opened(shard: str) -> tuple[IO[bytes], str | None]:
    """The file of a shard, and a cheap sign of its contents."""
    if is_address(shard):
        return remote.open_file(shard)
    try:
        return open(shard, "rb"), fingerprint(shard)
    except OSError as error:
        raise taureau.InputError(f"{shard}: cannot be read ({reason(error)}); put it back") from error


def _members(shard: str) -> Iterator[Found]:
    base = shard if is_address(shard) else os.path.abspath(shard)
    try:
        file, sign = _opened(shard)
        with file, tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                tar.members = []  # type: ignore[attr-defined]  # it would keep all of them
                if not member.isfile() or Path(member.name).suffix.lower() not in PHOTO_ENDINGS:
                    continue
                name = safe_name(member.name)
                if name is None:
                    yield Problem(f"{shard}: its member {member.name} leads out of OUT, and is not drawn")
                    continue
                yield Item(name, f"{base}::{member.offset_data}+{member.size}::{member.name}", sign)
    except Exception as error:  # each file system has errors of its own
        yield Problem(f"{shard}: ends early or is damaged ({error}); the photos behind that place are not drawn")


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
    shard, offset, size, name = place[1], int(place[2]), int(place[3]), place[4]
    try:
        file, _ = _opened(shard)
        with file:
            file.seek(offset)
            data = file.read(size)
    except Exception as error:  # each file system has errors of its own
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise taureau.InputError(f"{name}: its shard {shard} cannot be read ({why}); put it back") from error
    if len(data) < size:
        raise taureau.InputError(f"{name}: its shard {shard} is shorter than it was; run the batch again")
    return data
