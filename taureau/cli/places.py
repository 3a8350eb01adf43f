"""Whether two paths are one place, as the file system that they are on sees it.

Whether `Cat.png` and `cat.png` are one file, or `straße` and `strasse`, or é in one character and in two, depends on
the file system. So it is asked, but only where two names look alike.
"""

import os
import secrets
import shutil
import unicodedata
from contextlib import suppress
from pathlib import Path


def likeness(path: Path) -> str:
    """The same text for all paths that could be one place on some file system."""
    return _alike(_real(path))


def same_place(one: Path, other: Path) -> bool:
    """Whether two paths are one file, or would be if they were written."""
    first, second = _real(one), _real(other)
    if first == second:
        return True
    if _alike(first) != _alike(second):
        return False
    with suppress(OSError, ValueError):
        return os.path.samefile(first, second)
    folder, differing = _apart(Path(first), Path(second))
    return all(_is_one_name(folder, *names) for names in differing)


def nearest_folder(folder: Path) -> Path:
    """The folder as it is named, or the nearest one above it that is there.

    A working folder may be reached only by relative names: below one without permission, or very deep.

    Raises:
        OSError: a part of the path cannot be looked at, such as one that is too long or below a file.
    """
    while True:
        try:
            os.stat(folder)
        except FileNotFoundError:
            folder = Path(os.path.realpath(folder)) if os.path.islink(folder) else folder.parent
        else:
            return folder


def _real(path: Path) -> str:
    """The path without links; a name that the system cannot have is left as it is, and refused where it is used."""
    try:
        return os.path.realpath(path)
    except ValueError:
        return os.path.abspath(path)


def _alike(text: str) -> str:
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())


def _apart(one: Path, other: Path) -> tuple[Path, list[tuple[str, str]]]:
    """The folder that two paths share, and the pairs of names in which they differ below it."""
    pairs = list(zip(one.parts, other.parts, strict=False))
    first = next((number for number, (left, right) in enumerate(pairs) if left != right), len(pairs))
    shared = Path(*one.parts[:first])
    return shared, [names for names in pairs[first:] if names[0] != names[1]]


def _is_one_name(folder: Path, one: str, other: str) -> bool:
    """Ask a folder's file system, with an empty file that does not stay; yes where it cannot be asked."""
    scratch = None
    try:
        scratch = os.path.join(nearest_folder(folder), f".taureau-{secrets.token_hex(8)}.tmp")
        os.mkdir(scratch)
        open(os.path.join(scratch, one), "xb").close()
        return os.path.lexists(os.path.join(scratch, other))
    except (OSError, ValueError):
        return True
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
