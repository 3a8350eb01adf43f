"""Exporting: a drawing as a file to keep, by the public functions and with the options of `taureau export`.

Everything is written into a folder that lasts as long as the writing. No option names a file.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import taureau
from taureau.studio.export_options import check_names, read_options, shortened

MEDIA = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "apng": "image/apng",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "pdf": "application/pdf",
    "dxf": "image/vnd.dxf",
    "gcode": "text/plain; charset=utf-8",
    "hpgl": "application/vnd.hp-hpgl",
}
MOST_MOVING_SIDE = 1024
"""Pixels of an animation's long side: other people's files wait for it."""
_NEEDS = {
    "mp4": ("av",),
    "webm": ("av",),
    "pdf": ("vpype", "reportlab"),
    "dxf": ("vpype", "ezdxf"),
    "gcode": ("vpype",),
    "hpgl": ("vpype",),
}
_MOVING = ("gif", "webp", "apng", "mp4", "webm")
# What vpype's usual plotter reaches of an A4 page.
_MARGIN, _HPGL_MARGIN = "10mm", "15mm"


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to keep.

    Args:
        format: one of `formats()`.
        strokes: how many of the first strokes; None for all.
        options: the rest, read, by name.
    """

    format: str
    strokes: int | None
    options: Mapping[str, Any]

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read what an address asks for.

        Raises:
            InputError: an unknown format or option, or a value that cannot be read.
        """
        texts = dict(query)
        chosen = texts.pop("format", "svg")
        if chosen not in formats():
            raise taureau.InputError(f"there is no format {shortened(chosen)} here; use one of {', '.join(formats())}")
        check_names(texts)
        options = read_options(texts)
        return cls(chosen, options.pop("strokes", None), options)


def formats() -> list[str]:
    """What a drawing can be saved as here: what needs packages is listed where they are."""
    return [name for name in MEDIA if all(map(find_spec, _NEEDS.get(name, ())))]


def exported(sketch: "taureau.Sketch", photo: "taureau.Photo", wanted: Wanted) -> bytes:
    """The file of a sketch: as it is, on a page, drawing itself, or with a brush.

    Args:
        sketch: what is written.
        photo: what it was drawn from; it lies under an animation that asks for it.
        wanted: the format and its options.

    Raises:
        InputError: an option out of range, or one that does not go with the others.
        BackendError: a package is missing.
    """
    options = dict(wanted.options)
    way = _way_of(wanted.format, options)
    strange = set(options) - set(way.takes)
    if strange:
        raise taureau.InputError(f"{min(strange)} does not go with {way.name}; leave it out")
    with tempfile.TemporaryDirectory(prefix="taureau-") as folder:
        path = Path(folder) / f"drawing.{wanted.format}"
        way.write(sketch, photo, path, options)
        return path.read_bytes()


@dataclass(frozen=True)
class _Way:
    """One way to write a sketch: what errors call it, the options that it takes, and the function that does it."""

    name: str
    takes: tuple[str, ...]
    write: Callable[["taureau.Sketch", "taureau.Photo", Path, dict[str, Any]], None]


def _way_of(chosen: str, options: Mapping[str, Any]) -> _Way:
    if chosen in _MOVING or (chosen == "svg" and "animate" in options):
        return _Way("an animation", ("animate", "hold", "size", "photo", "background"), _write_moving)
    if chosen in ("svg", "png") and "brush" in options:
        return _Way("a brush", ("brush", "seed", "size", "background"), _write_brushed)
    if chosen == "png":
        return _Way("png", ("size",), _write_plain)
    if chosen == "svg" and "page" not in options:
        return _Way("svg without a page", (), _write_plain)
    return _Way(f"{chosen} on a page", _PAGE_OPTIONS, _write_page)


def _write_plain(sketch: "taureau.Sketch", _photo: "taureau.Photo", path: Path, options: dict[str, Any]) -> None:
    sketch.save(path, size=options.get("size"))


def _write_moving(sketch: "taureau.Sketch", photo: "taureau.Photo", path: Path, options: dict[str, Any]) -> None:
    side = options.get("size")
    if side is not None and not 16 <= side <= MOST_MOVING_SIDE:
        raise taureau.InputError(f"the long side of an animation must be 16 to {MOST_MOVING_SIDE} pixels, got {side}")
    under = photo if options.pop("photo", False) else None
    taureau.save_animation(sketch, path, seconds=options.pop("animate", None), photo=under, **options)


def _write_brushed(sketch: "taureau.Sketch", _photo: "taureau.Photo", path: Path, options: dict[str, Any]) -> None:
    taureau.save_brushed(sketch, path, **options)


_PAGE_OPTIONS = (
    *("page", "landscape", "margin", "fit", "scale", "colors", "pen_width", "order", "merge", "min_length", "clip"),
    *("marks", "tolerance", "profile", "device", "speed"),
)


def _write_page(sketch: "taureau.Sketch", _photo: "taureau.Photo", path: Path, options: dict[str, Any]) -> None:
    margin = options.pop("margin", _HPGL_MARGIN if path.suffix == ".hpgl" else _MARGIN)
    page = taureau.Page.of(options.pop("page", "a4"), landscape=options.pop("landscape", False), margin=margin)
    machine = taureau.Profile.load(options.pop("profile", "servo"))
    speed = options.pop("speed", None)
    if speed is not None:
        machine = replace(machine, draw_speed=60 * speed)
    how = {name: options.pop(name) for name in ("tolerance", "device") if name in options}
    merge, least = options.pop("merge", "0.1mm"), options.pop("min_length", "0mm")
    order, has_marks = options.pop("order", "shortest"), options.pop("marks", False)
    if options.get("fit") is not None and options.get("scale") is not None:
        raise taureau.InputError("fit and scale cannot go together; scale says how large the sketch is")
    sheet = taureau.lay_out(sketch, page, **options).merged(merge).without_short(least).in_order(order)
    taureau.save_sheet(sheet.with_marks() if has_marks else sheet, path, profile=machine, **how)
