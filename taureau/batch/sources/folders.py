"""Folders and globs as sources: streams of the photos below them, which are never held in memory."""

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import taureau
from taureau.batch.sources.items import PHOTO_ENDINGS, Found, Item, Problem, Stream, fingerprint, reason

WILD = re.compile(r"[*?\[]")


def open_folder(path: Path, out: Path) -> Stream:
    """Check a folder, and give what reads through it and the folders in it.

    Raises:
        InputError: it is OUT, lies in it or holds it.
    """
    keep_apart(path, out)
    return lambda: _in_folder(path, PurePosixPath())


def keep_apart(source: Path, out: Path) -> None:
    """Refuse photos and drawings that lie in each other: the batch would draw its own drawings."""
    photos, drawings = source.resolve(), out.resolve()
    if photos == drawings:
        raise taureau.InputError(f"{source}: is SOURCE and OUT at once; give an OUT outside of it")
    if drawings in photos.parents:
        raise taureau.InputError(f"{source}: lies in OUT ({out}); give an OUT that does not hold the photos")
    if photos in drawings.parents:
        raise taureau.InputError(f"{out}: OUT lies in {source}, whose photos are drawn; give an OUT outside of it")


def _in_folder(folder: Path, below: PurePosixPath) -> Iterator[Found]:
    """The photos in a folder and its folders, in the order of the disk; hidden ones and links to folders are left out.

    Nothing is sorted, since a folder may hold a million names; the result does not depend on the order.
    """
    for entry in _entries(folder):
        if isinstance(entry, Problem):
            yield entry
        elif entry.name.startswith("."):
            continue
        elif _is_folder(entry):
            yield from _in_folder(folder / entry.name, below / entry.name)
        elif os.path.splitext(entry.name)[1].lower() in PHOTO_ENDINGS:
            path = folder / entry.name
            yield Item((below / entry.name).as_posix(), os.path.abspath(path), fingerprint(path))


def _entries(folder: Path) -> Iterator["os.DirEntry[str] | Problem"]:
    """What lies in a folder, and what kept it from being read."""
    try:
        entries = os.scandir(folder)
    except OSError as error:
        yield Problem(f"the folder {folder}: cannot be looked into ({reason(error)}); its photos are not drawn")
        return
    with entries:
        while True:
            try:
                entry = next(entries, None)
            except OSError as error:
                yield Problem(f"the folder {folder}: failed while it was read ({reason(error)}); run again")
                return
            if entry is None:
                return
            yield entry


def open_glob(pattern: str, out: Path) -> Stream:
    """The stream of a pattern with `*`, `?`, `[...]` and `**`."""
    parts = Path(pattern).parts
    first = next(number for number, part in enumerate(parts) if WILD.search(part))
    base = Path(*parts[:first])
    wild = [
        part
        for part, before in zip(parts[first:], ("", *parts[first:]), strict=False)
        if (part, before) != ("**", "**")
    ]
    if wild[-1] == "**":
        wild.append("*")
    if not base.is_dir():
        raise taureau.InputError(f"{pattern}: there is no folder {base}; check the pattern")
    if "**" in wild or base.resolve() not in out.resolve().parents:
        keep_apart(base, out)
    is_open = "." not in wild[-1]

    def stream() -> Iterator[Found]:
        for found in _matching(base, PurePosixPath(), wild):
            if isinstance(found, Problem) or not is_open or Path(found.photo).suffix.lower() in PHOTO_ENDINGS:
                yield found

    return stream


def _matching(folder: Path, below: PurePosixPath, parts: Sequence[str]) -> Iterator[Found]:
    """What lies in a folder and fits the parts of a pattern."""
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _matching(folder, below, rest)
    for entry in _entries(folder):
        if isinstance(entry, Problem):
            yield entry
            continue
        hidden = entry.name.startswith(".") and not part.startswith(".")
        if hidden or (part != "**" and not fnmatch(entry.name, part)):
            continue
        path, name = folder / entry.name, below / entry.name
        if _is_folder(entry):
            if part == "**" or rest:
                yield from _matching(path, name, parts if part == "**" else rest)
        elif part != "**" and not rest:
            yield Item(name.as_posix(), os.path.abspath(path), fingerprint(path))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
