"""Exporting: a drawing as a file to keep, by the public functions and with the options of `taureau export`.

Everything is written into a folder that lasts as long as the writing. No option names a file.
"""

import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import taureau

MEDIA = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "dxf": "image/vnd.dxf",
    "gcode": "text/plain; charset=utf-8",
    "hpgl": "application/vnd.hp-hpgl",
}
_NEEDS = {"pdf": ("vpype", "reportlab"), "dxf": ("vpype", "ezdxf"), "gcode": ("vpype",), "hpgl": ("vpype",)}
_PAGES, _PROFILES = ("svg", *_NEEDS), ("servo", "z", "laser")
_MOST_LETTERS = 40
# What vpype's usual plotter reaches of an A4 page.
_MARGIN, _HPGL_MARGIN = "10mm", "15mm"


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to keep.

    Args:
        format: one of `formats()`.
        strokes: how many of the first strokes; None for all.
        options: the rest, as texts by name.
    """

    format: str
    strokes: int | None
    options: Mapping[str, str]

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read what an address asks for.

        Raises:
            InputError: an unknown format or option, or a value that cannot be read.
        """
        values = dict(query)
        chosen = values.pop("format", "svg")
        if chosen not in formats():
            raise taureau.InputError(f"there is no format {_short(chosen)} here; use one of {', '.join(formats())}")
        for name, value in values.items():
            if name not in _OPTIONS and name not in ("page", "strokes", "size"):
                raise taureau.InputError(f"there is no option {_short(name)}; see 'taureau export --help'")
            if len(value) > _MOST_LETTERS:
                raise taureau.InputError(f"{name} is longer than {_MOST_LETTERS} letters; give a shorter one")
        strokes = values.pop("strokes", None)
        return cls(chosen, None if strokes is None else _whole("strokes", strokes), values)


def formats() -> list[str]:
    """What a drawing can be saved as here: what needs packages is listed where they are."""
    return [name for name in MEDIA if all(map(find_spec, _NEEDS.get(name, ())))]


def exported(sketch: "taureau.Sketch", wanted: Wanted) -> bytes:
    """The file of a sketch: as it is, or on a page.

    Raises:
        InputError: an option out of range.
        BackendError: a package is missing.
    """
    options = dict(wanted.options)
    is_page = wanted.format in _NEEDS or (wanted.format in _PAGES and "page" in options)
    strange = set(options) - ({"size"} if wanted.format == "png" else set(_OPTIONS) | {"page"} if is_page else set())
    if strange:
        raise taureau.InputError(f"{min(strange)} does not go with {wanted.format} so; name a page, or leave it out")
    with tempfile.TemporaryDirectory(prefix="taureau-") as folder:
        path = Path(folder) / f"drawing.{wanted.format}"
        if is_page:
            _write_page(sketch, path, options)
        else:
            sketch.save(path, size=_whole("size", options["size"]) if "size" in options else None)
        return path.read_bytes()


def _write_page(sketch: "taureau.Sketch", path: Path, texts: Mapping[str, str]) -> None:
    values = {name: _OPTIONS[name](name, text) for name, text in texts.items() if name != "page"}
    margin = values.pop("margin", _HPGL_MARGIN if path.suffix == ".hpgl" else _MARGIN)
    page = taureau.Page.of(texts.get("page", "a4"), landscape=values.pop("landscape", False), margin=margin)
    machine = taureau.Profile.load(values.pop("profile", "servo"))
    speed = values.pop("speed", None)
    if speed is not None:
        machine = replace(machine, draw_speed=60 * speed)
    how = {name: values.pop(name) for name in ("tolerance", "device", "animate") if name in values}
    merge, least = values.pop("merge", "0.1mm"), values.pop("min_length", "0mm")
    order, has_marks = values.pop("order", "shortest"), values.pop("marks", False)
    if values.get("fit") is not None and values.get("scale") is not None:
        raise taureau.InputError("fit and scale cannot go together; scale says how large the sketch is")
    sheet = taureau.lay_out(sketch, page, **values).merged(merge).without_short(least).in_order(order)
    taureau.save_sheet(sheet.with_marks() if has_marks else sheet, path, profile=machine, **how)


def _short(text: str) -> str:
    return repr(text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…")


def _text(_name: str, text: str) -> str:
    return text


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise taureau.InputError(f"{name} must be a whole number, got {_short(text)}") from error


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise taureau.InputError(f"{name} must be a number, got {_short(text)}")
    return value


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false", "1", "0", ""):
        raise taureau.InputError(f"{name} must be true or false, got {_short(text)}")
    return text in ("true", "1")


def _one_of(*choices: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text not in choices:
            raise taureau.InputError(f"{name} must be {', '.join(choices)}, got {_short(text)}")
        return text

    return read


_OPTIONS: dict[str, Callable[[str, str], Any]] = {
    "landscape": _flag,
    "margin": _text,
    "fit": _one_of("photo", "drawing"),
    "scale": _number,
    "colors": _whole,
    "pen_width": _text,
    "order": _one_of("drawn", "shortest", "importance"),
    "merge": _text,
    "min_length": _text,
    "clip": _one_of("margin", "page"),
    "marks": _flag,
    "tolerance": _text,
    "profile": _one_of(*_PROFILES),  # a name, never a file
    "device": _text,
    "animate": _number,
    "speed": _number,
}
