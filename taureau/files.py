"""Files: opens only regular files, and writes them whole or not at all.

`write_atomically` replaces a file in one step or leaves the old one as it was; `check_writable` reports before any work
if that would fail; `open_to_read` opens nothing but a file. `shown` formats a path for an error. None of them needs
torch.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, BufferedWriter
from pathlib import Path

from taureau.errors import InputError

# About the largest drawing in SVG that is usual: a disk without room for it is full.
_PROBE_BYTES = 1 << 16
# A path joins the two slashes after the colon.
_WEB_ADDRESS = re.compile(r"(?i)(?:[a-z][a-z0-9+.-]+:/|data:)")
# How file systems say that they cannot do such a thing at all, in contrast to that it failed.
_NOT_SUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOTTY}
_NEXT_STEP = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some space or choose another folder",
    errno.EFBIG: "choose a folder on another disk",
    errno.EROFS: "choose another folder",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def shown(path: object) -> str:
    """A path as an error shows it: as given, on one line, with what cannot be printed escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(path))


@contextmanager
def open_to_read(path: str | Path, *, advice: str) -> Iterator[BufferedReader]:
    """Open a regular file to read, and nothing that could block or never end.

    Args:
        path: the file.
        advice: the next step in errors, such as what to give instead.

    Raises:
        InputError: there is no such file, it may not be read, or it is a folder, a device, a pipe or a socket.
    """
    name = shown(path)
    if not str(path):
        raise InputError(f"the file name is empty; {advice}")
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{name}: is a folder; {advice}")
        if not stat.S_ISREG(mode):  # opening a pipe would wait for a writer
            raise InputError(f"{name}: is a device, a pipe or a socket, not a file; {advice}")
        file = open(path, "rb")  # noqa: SIM115 - closed below; only the opening is guarded here
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(_nothing_there(name, os.fspath(path))) from error
    except PermissionError as error:
        raise InputError(f"{name}: permission denied; check the permissions of the file and its folder") from error
    except ValueError as error:
        raise InputError(f"{name}: {_why_no_name(error)}; check the name") from error
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({_reason(error)}); check the name and the folder") from error
    with file:
        yield file


def _nothing_there(name: str, path: str) -> str:
    """Why there is no file of this name: people give names that other programs understand."""
    if _WEB_ADDRESS.match(path):
        if "://" not in name:
            name = name.replace(":/", "://", 1)
        return f"{name}: is a web address, and taureau fetches no photos; download it, and give the file"
    if path.startswith("~"):
        return f"{name}: there is no such file, since only a shell replaces ~, outside of quotes; write the whole path"
    return f"{name}: there is no such file; check the name and the folder"


def _why_no_name(error: ValueError) -> str:
    """Why the system cannot have a file of this name."""
    if isinstance(error, UnicodeError):
        return "the name contains a character that no name here can have"
    return "the name contains a zero byte"


def read_bytes(path: str | Path, *, most: int, advice: str) -> bytes:
    """Read a whole file, up to a limit.

    Args:
        path: the file.
        most: the limit in bytes.
        advice: the next step in errors, such as what to give instead.

    Raises:
        InputError: as `open_to_read`, the file is longer, or the disk fails.
    """
    with open_to_read(path, advice=advice) as file:
        try:
            data = file.read(most + 1)
        except OSError as error:
            raise InputError(f"{shown(path)}: cannot be read ({_reason(error)}); {advice}") from error
    if len(data) > most:
        raise InputError(f"{shown(path)}: is larger than {most >> 20} MiB; {advice}")
    return data


def check_writable(path: str | Path, *, overwrite: bool) -> None:
    """Raise an error now, before any work, if `path` cannot be written. It leaves nothing behind.

    Args:
        path: the file to be written later.
        overwrite: whether a file that exists may be replaced.

    Raises:
        InputError: the folder is missing, not a folder, not writable or full; `path` is a folder, a device or a pipe,
            is write-protected, or exists and `overwrite` is false.
    """
    target = _target(path)
    if not overwrite and target.exists():
        raise InputError(f"{shown(path)}: the file already exists; choose another name or allow overwriting")
    try:
        with _temporary(target.parent) as (file, _):
            file.write(bytes(_PROBE_BYTES))
            file.flush()
    except OSError as error:
        raise _cannot_write(path, error) from error


def write_atomically(path: str | Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all.

    The data go to a temporary file in the same folder and reach the disk before that file takes the name. A link is
    followed and stays a link; a file that is replaced keeps its mode and its owner, where the file system allows that.
    When the process is killed, a file `.taureau-….tmp` may stay behind, but never a part of `data` under the name asked
    for. Only where no file can be renamed onto the name (a file mounted by itself, some object stores) are the data
    written in place, after they were written whole beside it.

    Args:
        path: the file to write; one that exists is replaced.
        data: the new contents of the file.

    Raises:
        InputError: as `check_writable`, or the disk filled up; the old file is then still whole.
    """
    target = _target(path)
    try:
        with _temporary(target.parent) as (file, temporary):
            file.write(data)
            file.flush()
            _copy_mode(target, temporary)
            sync(file)
            file.close()  # Windows renames no open file
            _rename(temporary, target, data)
        _sync_folder(target.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _target(path: str | Path) -> Path:
    """The real file behind a path, with a link followed; refused if its folder cannot take a file."""
    name, folder = shown(path), shown(Path(path).parent)
    if not str(path):
        raise InputError("the output file name is empty; give a file name")
    try:
        # No longer than given: a working folder may be reached only by relative names.
        target = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
        parent_mode = os.stat(target.parent).st_mode
    except FileNotFoundError as error:
        raise InputError(f"{name}: the folder {folder} does not exist; create it or choose another") from error
    except NotADirectoryError as error:
        raise InputError(f"{name}: a part of its path is not a folder; choose another folder") from error
    except ValueError as error:
        raise InputError(f"{name}: {_why_no_name(error)}; choose another name") from error
    except OSError as error:
        raise _cannot_write(path, error) from error
    if not stat.S_ISDIR(parent_mode):
        raise InputError(f"{name}: {folder} is not a folder; choose another folder")
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        if str(path).endswith(("/", os.sep)):
            raise InputError(f"{name}: is the name of a folder; give the name of a file in it") from None
        return target
    except ValueError as error:
        raise InputError(f"{name}: {_why_no_name(error)}; choose another name") from error
    except OSError as error:
        raise _cannot_write(path, error) from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{name}: is a folder; give the name of a file in it")
    if not stat.S_ISREG(mode):  # a rename would replace /dev/null itself
        raise InputError(f"{name}: is a device, a pipe or a socket, not a file; give a file name, or - for a pipe")
    # A rename over a write-protected file would work, and root may write it; its owner said no all the same.
    if not mode & 0o222 or not os.access(target, os.W_OK):
        raise InputError(f"{name}: the file is write-protected; choose another name or make it writable")
    return target


@contextmanager
def _temporary(folder: Path) -> Iterator[tuple[BufferedWriter, str]]:
    """A new empty file in `folder`, open for writing; removed at the end unless it was renamed."""
    # A name of its own length, so that it fits wherever the target's name does, and one that nobody can prepare.
    temporary = os.path.join(folder, f".taureau-{secrets.token_hex(8)}.tmp")
    file = open(temporary, "xb")  # noqa: SIM115 - closed below, where a full disk may not hide the first error
    try:
        yield file, temporary
    finally:
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            os.unlink(temporary)


def sync(file: BufferedWriter) -> None:
    """Let a file's data reach the disk, where its file system can say when they have.

    Raises:
        OSError: the data were lost: the disk is full or broken.
    """
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise


def _copy_mode(source: Path, temporary: str) -> None:
    """Give a file the mode and the owner of another; they are dropped where the file system refuses them."""
    try:
        old, new = os.stat(source), os.stat(temporary)
    except FileNotFoundError:
        return
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid) and hasattr(os, "chown"):
        with suppress(OSError):  # only root may give a file away
            os.chown(temporary, old.st_uid, old.st_gid)
    try:
        os.chmod(temporary, stat.S_IMODE(old.st_mode))
    except OSError as error:  # CIFS, FUSE and object stores may keep no modes
        if error.errno not in (errno.EPERM, errno.EACCES, *_NOT_SUPPORTED):
            raise


def _rename(temporary: str, target: Path, data: bytes) -> None:
    """Put a finished temporary file in its place."""
    try:
        os.replace(temporary, target)
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EXDEV, *_NOT_SUPPORTED):
            raise
        # A container's mount of a single file cannot be renamed over, and some object stores rename nothing.
        with open(target, "wb") as file:
            file.write(data)
            file.flush()
            sync(file)


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


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _cannot_write(path: str | Path, error: OSError) -> InputError:
    step = _NEXT_STEP.get(error.errno or 0, "choose a place where you have permission to write")
    return InputError(f"{shown(path)}: cannot be written ({_reason(error)}); {step}")
