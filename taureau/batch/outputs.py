"""Outputs: the tree below OUT that mirrors the photos, and whether what lies in it is whole.

The drawing of `a/cat.jpg` is `OUT/a/cat.jpg.svg`: with the photo's ending, so that no two photos meet, and so that the
photo's name can be read off the drawing. Or it lies in a tar (see `tars`). Each SVG holds the hashes of its photo and
its recipe.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import taureau
from taureau.batch import tars
from taureau.batch.ledger.account import Known
from taureau.batch.ledger.record import DONE, Record
from taureau.batch.recipe import KEY
from taureau.batch.sources.items import OWN_FOLDER

NamesAndKinds = Iterable[tuple[str, Iterable[str]]]


def place(out: Path, name: str, kind: str) -> Path:
    """Where a file of a photo lies."""
    return out / f"{name}.{kind}"


def sizes_there(out: Path, name: str, kinds: Iterable[str]) -> dict[str, int]:
    """The sizes of a photo's files that are there."""
    sizes = {}
    for kind in kinds:
        with suppress(OSError, ValueError):
            sizes[kind] = os.stat(place(out, name, kind)).st_size
    return sizes


def are_whole(out: Path, name: str, kinds: Iterable[str], known: Known) -> bool:
    """Whether all the files of a photo are there, as long as they were when they were written."""
    if known.tar is not None:
        with suppress(OSError):
            return set(kinds) <= set(known.outputs) and os.stat(out / known.tar).st_size == known.tar_size
        return False
    kinds = list(kinds)
    there = sizes_there(out, name, kinds)
    return all(kind in known.outputs and there.get(kind) == known.outputs[kind] for kind in kinds)


def is_whole(out: Path, record: Record) -> bool:
    """Whether the files of a drawing, files of their own, are there, as long as they were."""
    kinds = [kind for kind, _ in record.outputs]
    return sizes_there(out, record.name, kinds) == dict(zip(kinds, record.sizes, strict=True))


def read(out: Path, record: Record) -> dict[str, bytes]:
    """The files of a drawing, files of their own, by kind."""
    return {kind: (out / path).read_bytes() for kind, path in record.outputs}


def earlier_drawing(out: Path, name: str, kinds: Iterable[str], tar: str | None = None) -> "taureau.Sketch | None":
    """The drawing of a photo that is there with all its files and can be read; None if there is none.

    Args:
        out: the folder OUT.
        name: of the photo.
        kinds: the kinds of files that it must have.
        tar: the name of the tar that it lies in; None for files of its own.
    """
    kinds = list(kinds)
    try:
        if tar is not None:
            sample = tars.read_sample(out / tar, name)
            sketch = tars.sketch_of(sample, name) if set(kinds) <= set(sample) else None
        elif len(sizes_there(out, name, kinds)) < len(kinds):
            sketch = None
        else:
            sketch = taureau.Sketch.load(place(out, name, "svg"))
    except (taureau.InputError, OSError):
        return None
    return sketch if sketch is not None and isinstance(sketch.record.get(KEY), dict) else None


def drawn_by(sketch: "taureau.Sketch", photo_sha256: str, settings_sha256: str) -> bool:
    """Whether a drawing is of these contents by this recipe."""
    return sketch.record[KEY] == {"photo_sha256": photo_sha256, "settings_sha256": settings_sha256}


def drawings_in(out: Path) -> Iterator[tuple[Record, str]]:
    """The drawings of batches in OUT as records, and the settings that they name: what a lost ledger is built from."""
    for folder, folders, files in os.walk(out):
        folders[:] = [name for name in folders if name != OWN_FOLDER]
        for file in files:
            path = Path(folder, file)
            name = path.relative_to(out).as_posix().removesuffix(".svg")
            sketch = earlier_drawing(out, name, ["svg"]) if file.endswith(".svg") else None
            if sketch is None:
                continue
            hashes, record = sketch.record[KEY], sketch.record
            sizes = sizes_there(out, name, ["svg", "png"])
            yield (
                Record(
                    name,
                    photo=name,
                    status=DONE,
                    photo_sha256=hashes.get("photo_sha256"),
                    settings_sha256=hashes.get("settings_sha256"),
                    version=record.get("version"),
                    seed=sketch.seed,
                    score=sketch.scores.get("clean"),
                    warnings=sketch.warnings,
                    outputs=tuple((kind, f"{name}.{kind}") for kind in sizes),
                    sizes=tuple(sizes.values()),
                    finished=round(os.stat(path).st_mtime, 3),
                ),
                _text_of(record),
            )


def _text_of(record: Mapping[str, Any]) -> str:
    return json.dumps({"settings": record.get("settings")}, sort_keys=True)
