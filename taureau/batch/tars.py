"""Tars of drawings, as WebDataset reads them: the files of a photo side by side under one key, its record as JSON.

The drawing of `a/cat.jpg` is the member `a/cat%2Ejpg.svg`: WebDataset ends a key at the first dot of a file's name, so
the dots of the photo's own name are escaped, and no two photos share a key. A tar is written whole, holds no dates and
no paths of the machine, and says of each drawing which photo and settings it is of.
"""

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import taureau

_KEPT = ("name", "photo_sha256", "settings_sha256", "version", "seed", "score", "warnings")

Sample = dict[str, bytes]
"""The files of one photo by their kinds, such as `svg`; `json` is the record."""


def tar_name(suffix: str, number: int) -> str:
    """The name of a tar in OUT; `suffix` is that of the shard."""
    return f"drawings{suffix}-{number:06}.tar"


def numbers_in(out: Path, suffix: str) -> list[int]:
    """The numbers of the tars of a shard in OUT, in order."""
    found = out.glob(tar_name(suffix, 0).replace("000000", "[0-9]" * 6))
    return sorted(int(path.stem.rpartition("-")[2]) for path in found)


def member_name(name: str, kind: str) -> str:
    """The name of a file of a photo in a tar."""
    path = PurePosixPath(name)
    return path.with_name(path.name.replace("%", "%25").replace(".", "%2E") + f".{kind}").as_posix()


def sample_of(row: Mapping[str, Any], files: Sample) -> Sample:
    """The files of a photo with its record, as plain values."""
    return {**files, "json": json.dumps({name: row[name] for name in _KEPT}).encode()}


def write_tar(path: Path, samples: Iterable[tuple[str, Sample]]) -> None:
    """Write a tar of samples, each with the name of its photo, and bring it to the disk.

    Raises:
        OSError: the disk is full, or the file cannot be made.
    """
    with open(path, "xb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name, sample in samples:
                for kind, data in sample.items():
                    member = tarfile.TarInfo(member_name(name, kind))
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
        file.flush()
        os.fsync(file.fileno())


def samples_in(path: Path) -> Iterator[tuple[str, Sample]]:
    """The samples of a tar, each with the name of its photo.

    Raises:
        OSError, tarfile.TarError: it is gone, or no tar to its end.
    """
    key, sample = None, Sample()
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            tar.members = []  # type: ignore[attr-defined]  # it would keep all of them
            head, _, kind = member.name.rpartition(".")
            if head != key and key is not None:
                yield _name_of(key), sample
                sample = Sample()
            key = head
            data = tar.extractfile(member)
            sample[kind] = b"" if data is None else data.read()
    if key is not None:
        yield _name_of(key), sample


def _name_of(key: str) -> str:
    path = PurePosixPath(key)
    return path.with_name(path.name.replace("%2E", ".").replace("%25", "%")).as_posix()


def row_of(sample: Sample) -> dict[str, Any] | None:
    """The record in a sample; None in one that no batch has written."""
    try:
        row = json.loads(sample["json"])
    except (KeyError, ValueError):
        return None
    return row if isinstance(row, dict) and set(row) == set(_KEPT) else None


def read_sample(path: Path, name: str) -> Sample:
    """The files of one photo in a tar.

    Raises:
        InputError: the tar is gone or damaged, or the photo is not in it.
    """
    try:
        for found, sample in samples_in(path):
            if found == name:
                return sample
    except (OSError, tarfile.TarError) as error:
        raise taureau.InputError(f"{path}: cannot be read ({error}); run the batch again") from error
    raise taureau.InputError(f"{path}: has no drawing of {name}; run the batch again")


def sizes_of(path: Path, name: str) -> dict[str, int]:
    """The sizes of a photo's files in a tar, by kind, without its record.

    Raises:
        InputError: as `read_sample`.
    """
    return {kind: len(data) for kind, data in read_sample(path, name).items() if kind != "json"}


def sketch_of(sample: Sample, name: str) -> "taureau.Sketch":
    """The drawing of a sample.

    Raises:
        InputError: its SVG is missing or damaged.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{PurePosixPath(name).name}.svg")
        path.write_bytes(sample.get("svg", b""))
        return taureau.Sketch.load(path)
