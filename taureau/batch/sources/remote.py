"""Addresses: photos in `s3://`, `gs://`, `https://` and whatever else fsspec reads (extra `batch`)."""

import logging
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any

import taureau
from taureau.batch.sources.items import PHOTO_ENDINGS, Found, Item, Problem, Stream, safe_name

MOST_BYTES = 552 << 20
"""The largest photo that is fetched: the limit that taureau has for files."""
# It logs a traceback of each error that is named here; who sets up logging still gets it.
logging.getLogger("gcsfs").addHandler(logging.NullHandler())


def _system_of(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it."""
    try:
        import fsspec
    except ImportError as error:
        raise taureau.BackendError(
            f"{address}: addresses need fsspec; install it with pip install 'taureau[batch]', or give local photos"
        ) from error
    try:
        return fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise taureau.BackendError(f"{address}: fsspec needs another package for it ({error})") from error
    except ValueError as error:
        raise taureau.InputError(f"{address}: is no address that fsspec knows ({error}); check it") from error


def open_address(address: str) -> Stream:
    """Check an address, and give what reads through it: a photo, or a folder with all below it.

    Raises:
        InputError: nothing is there, nobody answers, or a manifest.
        BackendError: fsspec, or what it needs for this kind of address, is missing.
    """
    system, path = _system_of(address)
    if PurePosixPath(path).suffix.lower() in (".csv", ".jsonl", ".parquet"):
        raise taureau.InputError(
            f"{address}: a manifest must lie on this machine; copy it here, and name its photos by their addresses"
        )
    try:
        is_folder = system.isdir(path) if not address.lower().startswith(("http:", "https:")) else False
        if not is_folder:
            item = _item(system, system.info(path), PurePosixPath(path.split("?")[0]).name)
            return lambda: iter([item])
    except taureau.TaureauError:
        raise
    except Exception as error:  # each file system has errors of its own
        raise taureau.InputError(
            f"{address}: cannot be read ({type(error).__name__}: {error}); check the address and your rights"
        ) from error
    return lambda: _below(system, path)


def _below(system: Any, base: str) -> Iterator[Found]:
    try:
        yield from _in_folder(system, base, PurePosixPath())
    except Exception as error:  # each file system has errors of its own
        address = system.unstrip_protocol(base)
        yield Problem(f"{address}: failed while it was listed ({type(error).__name__}: {error}); run again")


def _in_folder(system: Any, folder: str, below: PurePosixPath) -> Iterator[Found]:
    """The photos in a folder and its folders; fsspec's own `walk` leaves out in silence what it may not list."""
    try:
        entries = system.ls(folder, detail=True)
    except FileNotFoundError:  # it is gone, or holds nothing
        return
    except PermissionError as error:
        address = system.unstrip_protocol(folder)
        yield Problem(f"{address}: cannot be listed ({error}); its photos are not drawn, check your rights")
        return
    for info in entries:
        path = info["name"].rstrip("/")
        name = PurePosixPath(path).name
        if path == folder:  # what stands for the folder itself
            continue
        if info["type"] == "directory":
            yield from _in_folder(system, path, below / name)
        elif not name.startswith(".") and PurePosixPath(name).suffix.lower() in PHOTO_ENDINGS:
            try:
                item = _item(system, info, (below / name).as_posix())
            except taureau.InputError as error:
                yield Problem(str(error))
            else:
                yield item


def _item(system: Any, info: dict[str, Any], name: str) -> Item:
    safe = safe_name(name)
    if safe is None:
        raise taureau.InputError(f"{name}: leads out of OUT; name its photos in a manifest with a column 'name'")
    return Item(safe, system.unstrip_protocol(info["name"]), _sign(info))


def _sign(info: dict[str, Any]) -> str | None:
    """A cheap sign of the contents, of what a file system says about a file; None where it says nothing."""
    marks = [str(info[key]) for key in ("ETag", "etag", "mtime", "LastModified", "updated") if info.get(key)]
    return "-".join([str(info.get("size")), *marks]) if marks else None


def open_file(address: str) -> tuple[IO[bytes], str | None]:
    """A file at an address, to be read in parts, with a cheap sign of its contents.

    Raises:
        InputError: it is not there, or nobody answers.
    """
    system, path = _system_of(address)
    try:
        return system.open(path, "rb"), _sign(system.info(path))
    except Exception as error:  # each file system has errors of its own
        raise taureau.InputError(
            f"{address}: cannot be read ({type(error).__name__}: {error}); check the address and your rights"
        ) from error


def read_address(address: str) -> bytes:
    """The bytes of a photo at an address.

    Raises:
        InputError: it is not there, nobody answers, or it is too large.
    """
    system, path = _system_of(address)
    try:
        with system.open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except Exception as error:  # each file system has errors of its own
        raise taureau.InputError(
            f"{address}: cannot be fetched ({type(error).__name__}: {error}); check the address, and run again with "
            "--redo failed"
        ) from error
    if len(data) > MOST_BYTES:
        raise taureau.InputError(f"{address}: is larger than {MOST_BYTES >> 20} MiB; save it smaller first")
    return data
