"""Sources: what a batch is asked to draw, as a stream of photos that is never held in memory.

A source is a folder or a glob (see `folders`), a manifest (`manifest`), a tar shard (`shards`), an address (`remote`)
or a single photo.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import taureau
from taureau.batch.sources import folders, manifest, remote, shards
from taureau.batch.sources.items import Found, Item, Problem, Stream, fingerprint, is_address, reason


def open_sources(source: str | Path | Sequence[str | Path], out: Path, *, watch: bool = False) -> Stream:
    """Check sources, and give what reads through them; it can be asked for several times.

    Args:
        source: a folder, a glob, a manifest, a shard, an address or a photo, or several of them.
        out: the folder of drawings, which must lie apart from the photos.
        watch: whether photos that come later count, which only folders can have.

    Raises:
        InputError: a source that is not there, lies in OUT or holds it, or a manifest that cannot be used.
    """
    named = [source] if isinstance(source, str | Path) else source
    if not named:
        raise taureau.InputError("a batch needs photos; give a folder, a glob, a manifest or a photo as SOURCE")
    if watch and not all(os.path.isdir(name) for name in named):
        raise taureau.InputError(
            f"{next(name for name in named if not os.path.isdir(name))}: is no folder to watch; give folders, or leave "
            "out --watch"
        )
    streams: list[tuple[str, str, Stream]] = []
    for name in named:
        base, stream = _open(str(name), out)
        if base in [other for _, other, _ in streams if other]:
            raise taureau.InputError(
                f"{name}: another source is called {base} too, and their drawings would meet; draw them to two OUTs"
            )
        streams.append((str(name), base, stream))
    return lambda: _through(streams, watch=watch)


def _through(streams: Sequence[tuple[str, str, Stream]], *, watch: bool) -> Iterator[Found]:
    for source, base, stream in streams:
        is_empty = not watch
        for found in stream():
            is_empty = False
            # As with `cp -r a b OUT`, each of several folders keeps its name.
            if isinstance(found, Item) and len(streams) > 1 and base:
                yield replace(found, name=f"{base}/{found.name}")
            else:
                yield found
        if is_empty:
            yield Problem(f"{source}: there is no photo in it; check the name, and the endings of the photos")


def _open(source: str, out: Path) -> tuple[str, Stream]:
    """The name below which the photos of a source lie where there are several sources, and its stream."""
    if is_address(source) and source.lower().endswith(".tar"):
        return PurePosixPath(source).stem, shards.open_shard(source)
    if is_address(source):
        return "", remote.open_address(source)
    path = Path(source)
    if not source:
        raise taureau.InputError("a SOURCE is empty; give a folder, a glob, a manifest or a photo")
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        if folders.WILD.search(source):
            return "", folders.open_glob(source, out)
        raise taureau.InputError(f"{source}: there is no such file or folder; check the name") from error
    except (OSError, ValueError) as error:
        raise taureau.InputError(f"{source}: cannot be read ({reason(error)}); check the name") from error
    if stat.S_ISDIR(mode):
        return path.resolve().name, folders.open_folder(path, out)
    if path.suffix.lower() in (".csv", ".jsonl", ".parquet"):
        return "", manifest.open_manifest(path)
    if path.suffix.lower() == ".tar":
        return path.stem, shards.open_shard(source)
    folders.keep_apart(path, out)
    return "", lambda: iter([Item(path.name, os.path.abspath(path), fingerprint(path))])
