"""Draws one photo of a batch and writes its files, each whole, unless they are there already."""

import errno
import hashlib
import io
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import taureau
from taureau.batch import outputs, tars
from taureau.batch.recipe import KEY, Recipe
from taureau.batch.sources import remote, shards
from taureau.batch.sources.items import fingerprint, is_address
from taureau.batch.staging import publish

# What a full or broken disk says; no photo is to blame, and no other photo would fare better.
_PLACE_FAILED = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE}
_CHUNK = 1 << 20


class _NamedBytes(io.BytesIO):
    """Bytes in memory with the name of the photo that they are."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


class PlaceFailedError(Exception):
    """OUT cannot take files any more, whatever the photo."""


def draw(sketcher: "taureau.Sketcher", task: dict[str, Any]) -> dict[str, Any]:
    """Draw one photo and write its files, unless they are there already.

    Args:
        sketcher: with the encoders of the batch.
        task: as `messages.message_of` makes it.

    Returns:
        What goes into the record, by name.
    """
    started = time.perf_counter()
    out, name, kinds = Path(task["out"]), task["name"], task["kinds"]
    sign = _sign(task["photo"])
    reply: dict[str, Any] = {"fingerprint": sign or task["fingerprint"], "photo_sha256": None}
    try:
        source, photo_sha256 = _contents(task["photo"])
        reply["photo_sha256"] = photo_sha256
        sketch, tar = _earlier(task, photo_sha256)
        if sketch is None:
            recipe = Recipe.of(task["recipe"])
            photo = taureau.read_photo(source, allow_truncated=recipe.allow_truncated, max_pixels=recipe.max_pixels)
            sketch = _drawn(sketcher, photo, recipe)
            if _sign(task["photo"]) != sign:
                raise taureau.InputError(f"{task['photo']}: changed while it was drawn; run the batch again")
            hashes = {"photo_sha256": photo_sha256, "settings_sha256": task["recipe_sha256"]}
            sketch = replace(sketch, record={**sketch.record, KEY: hashes})
            write(sketch, out, name, kinds, Path(task["staging"]))
            reply["seconds"] = round(time.perf_counter() - started, 3)
    except (taureau.WeightsError, taureau.BackendError, PlaceFailedError):
        raise  # the same would meet every photo
    except Exception as error:
        return {**reply, "error_kind": type(error).__name__, "error": _said(error, task["photo"])}
    score = sketch.scores.get("clean")
    sizes = outputs.sizes_there(out, name, kinds) if tar is None else tars.sizes_of(out / tar, name)
    return {
        **reply,
        "seed": sketch.seed,
        "score": score,
        "warnings": list(sketch.warnings),
        "sizes": sizes,
        **({} if tar is None else {"tar": tar}),
    }


def _earlier(task: dict[str, Any], photo_sha256: str) -> "tuple[taureau.Sketch | None, str | None]":
    """The drawing of these contents by this recipe, if it is there, and the tar that it lies in."""
    for tar in {None: None, task["tar"]: None} if not task["anew"] else ():
        sketch = outputs.earlier_drawing(Path(task["out"]), task["name"], task["kinds"], tar)
        if sketch is not None and outputs.drawn_by(sketch, photo_sha256, task["recipe_sha256"]):
            return sketch, tar
    return None, None


def _drawn(sketcher: "taureau.Sketcher", photo: "taureau.Photo", recipe: Recipe) -> "taureau.Sketch":
    if recipe.levels:
        return sketcher.levels(photo, recipe.levels, settings=recipe.settings).sketch
    sketch = sketcher.draw(photo, settings=recipe.settings)
    return sketch if recipe.colors is None else sketch.with_colors(recipe.colors)


def _contents(photo: str) -> tuple[Any, str]:
    """What `read_photo` is to be given, and the hash of its bytes."""
    if shards.is_member(photo):
        data = shards.read_member(photo)
    elif is_address(photo):
        data = remote.read_address(photo)
    else:
        return photo, _hash_of_file(photo)
    return _NamedBytes(data, photo.rpartition("::")[2]), hashlib.sha256(data).hexdigest()


def _hash_of_file(photo: str) -> str:
    digest = hashlib.sha256()
    try:
        if not os.path.isfile(photo) or os.path.getsize(photo) > remote.MOST_BYTES:
            taureau.read_photo(photo)  # which says what is wrong with it
        with open(photo, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except (OSError, ValueError):
        taureau.read_photo(photo)
        raise
    return digest.hexdigest()


def _sign(photo: str) -> str | None:
    """The fingerprint of a local photo; that of others was found with them."""
    return None if is_address(photo) or shards.is_member(photo) else fingerprint(photo)


def _said(error: Exception, photo: str) -> str:
    """An error on one line, with the photo's name in front."""
    text = " ".join(str(error).splitlines()) or "without a word"
    return text if isinstance(error, taureau.TaureauError) else f"{photo}: unexpected {type(error).__name__}: {text}"


def write(sketch: "taureau.Sketch", out: Path, name: str, kinds: list[str], staging: Path) -> None:
    """Write the files of a drawing, each whole, the SVG last: it is the one that says that the drawing is there.

    Raises:
        PlaceFailedError: OUT is gone or full, which every photo would meet.
        InputError: this file cannot be written.
    """
    if not staging.is_dir():  # removed under way, and not to be made again
        raise PlaceFailedError(f"{out}: OUT is gone; put it back, or give another OUT")
    try:
        for kind in sorted(kinds, key=lambda kind: kind == "svg"):
            path = outputs.place(out, name, kind)
            path.parent.mkdir(parents=True, exist_ok=True)
            publish(path, staging, sketch.save)
    except (taureau.InputError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(cause, OSError) and cause.errno in _PLACE_FAILED:
            raise PlaceFailedError(f"{error}; the batch stops here, and the same command goes on") from error
        if isinstance(error, OSError):
            why = (error.strerror or str(error)).lower()
            raise taureau.InputError(
                f"{outputs.place(out, name, 'svg')}: cannot be written ({why}); choose another OUT or a shorter name"
            ) from error
        raise
