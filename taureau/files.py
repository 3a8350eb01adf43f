"""Writing files so that none is ever half written.

`write_atomically` gives a path its new contents whole or leaves the old file as it was; `check_writable` says before
any work is done that this would fail. `shown` is how a path appears in an error. Reads nothing, needs no torch.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from taureau.errors import InputError

# About the largest drawing in SVG that is usual: a disk without room for it is full.
_PROBE_BYTES = 1 << 16
_NEXT_STEP = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some space or choose another folder",
    errno.EFBIG: "choose a folder on another disk",
    errno.EROFS: "choose another folder",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def shown(path: object) -> str:
    """A path as an error shows it: as given, on one line, with what cannot be printed escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in os.fsdecode(str(path)))


def check_writable(path: str | Path, *, overwrite: bool) -> None:
    """Say now, before any work is done, that `path` cannot be written. Leaves nothing behind.

    Args:
        path: the file to be written later.
        overwrite: whether a file that exists may be replaced.

    Raises:
        InputError: the folder is missing, not a folder, not writable or full; `path` is a folder, a device or a pipe,
            is write-protected, or exists and `overwrite` is false.
    """
    target = _target(path)
    try:
        with _temporary(target.parent) as (handle, _):
            _write_all(handle, bytes(_PROBE_BYTES))
    except OSError as error:
        raise _refusal(path, error) from error
    if not overwrite and os.path.lexists(path):
        raise InputError(f"{shown(path)}: the file exists; choose another name or allow it to be replaced")


def write_atomically(path: str | Path, data: bytes) -> None:
    """Give `path` the contents `data`, whole or not at all.

    The data go to a temporary file in the same folder and reach the disk before the file takes its name. A link is
    followed and stays a link; a file that is replaced keeps its mode and, where the system allows it, its owner. When
    the process is killed, a file `.taureau-….tmp` may stay behind, never a part of `data` under the name asked for.

    Args:
        path: the file to write; one that exists is replaced.
        data: everything the file shall hold.

    Raises:
        InputError: as `check_writable`, or the disk filled up; the old file is then still whole.
    """
    target = _target(path)
    try:
        with _temporary(target.parent) as (handle, temporary):
            _write_all(handle, data)
            with suppress(FileNotFoundError):
                _copy_mode(target, temporary)
            os.fsync(handle)
            os.close(handle)
            os.replace(temporary, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise _refusal(path, error) from error


def _target(path: str | Path) -> Path:
    """The file that is really written, with links followed; refused if its place cannot take a file."""
    name = shown(path)
    if not str(path):
        raise InputError("the name of the file to write is empty; give a file name")
    try:
        target = Path(os.path.realpath(path))
        folder_mode = os.stat(target.parent).st_mode
        mode = os.stat(target).st_mode if os.path.lexists(target) else None
    except FileNotFoundError as error:
        raise InputError(
            f"{name}: the folder {shown(Path(path).parent)} does not exist; make it or choose another"
        ) from error
    except NotADirectoryError as error:
        raise InputError(f"{name}: a part of its path is not a folder; choose another folder") from error
    except ValueError as error:
        raise InputError(f"{name}: the name holds a zero byte; choose another name") from error
    except OSError as error:
        raise _refusal(path, error) from error
    if not stat.S_ISDIR(folder_mode):
        raise InputError(f"{name}: {shown(Path(path).parent)} is not a folder; choose another")
    if mode is not None:
        if stat.S_ISDIR(mode):
            raise InputError(f"{name}: is a folder; give the name of a file in it")
        if not stat.S_ISREG(mode):
            raise InputError(f"{name}: is a device, pipe or socket, not a file; give a file name, or - for a pipe")
        # Renaming over a write-protected file would work, and root may write to it; its owner said no all the same.
        if not mode & 0o222 or not os.access(target, os.W_OK):
            raise InputError(f"{name}: the file is write-protected; choose another name or make it writable")
    return target


@contextmanager
def _temporary(folder: Path) -> Iterator[tuple[int, str]]:
    """A new empty file in `folder`, open for writing; gone at the end unless it was renamed."""
    # A name of its own length, so that it fits wherever the target's name does, and one that nobody can prepare.
    temporary = os.path.join(folder, f".taureau-{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(temporary, flags, 0o666)  # less the umask, as any new file
    try:
        yield handle, temporary
    finally:
        with suppress(OSError):
            os.close(handle)
        with suppress(OSError):
            os.unlink(temporary)


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _copy_mode(source: Path, temporary: str) -> None:
    old = os.stat(source)
    if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(OSError):  # only root may give a file away
            os.chown(temporary, old.st_uid, old.st_gid)
    os.chmod(temporary, stat.S_IMODE(old.st_mode))


def _sync_folder(folder: Path) -> None:
    """Let the rename reach the disk, where the system can open a folder at all."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):  # the file is whole and in its place; some network disks cannot sync a folder
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _refusal(path: str | Path, error: OSError) -> InputError:
    reason = (error.strerror or str(error)).lower()
    step = _NEXT_STEP.get(error.errno or 0, "choose a place where you may write")
    return InputError(f"{shown(path)}: cannot be written ({reason}); {step}")
