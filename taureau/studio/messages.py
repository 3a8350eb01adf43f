"""Messages: what a page may say over its socket, checked here and nowhere else.

Each message becomes a frozen dataclass of values that are in range. What is not a message of this protocol is refused
with an `InputError` that says why.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import taureau
from taureau.studio.marks import color_of

MOST_CHARACTERS = 1 << 18
"""Of one message: a stroke by hand has a few thousand numbers."""
MOST_STROKES, MOST_STEPS, MOST_IDS, MOST_POINTS, MOST_WALL, MOST_REGIONS, MOST_PROMPT = 256, 2001, 512, 4096, 12, 8, 300
FAR = 4096.0
"""Canvas units that a point may be from the canvas."""
SETTINGS = ("strokes", "seed", "color", "width", "steps", "canvas", "mask", "initialization")
"""The settings that a page may change."""


@dataclass(frozen=True)
class UseSample:
    """Use a sample photo."""

    name: str


@dataclass(frozen=True)
class Draw:
    """Begin anew; `settings` are checked when they become `Settings`."""

    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Plain:
    """A message of one word: pause, go, stop, undo, redo."""

    what: str


@dataclass(frozen=True)
class Lock:
    """Lock or unlock strokes."""

    ids: tuple[int, ...]
    locked: bool


@dataclass(frozen=True)
class Delete:
    """Delete strokes."""

    ids: tuple[int, ...]


@dataclass(frozen=True)
class Redraw:
    """Begin strokes anew; None for all but the locked."""

    ids: tuple[int, ...] | None


@dataclass(frozen=True)
class Edit:
    """Put a stroke's control points elsewhere; `settle` lets the others make room."""

    id: int
    points: tuple[float, ...]
    settle: bool


@dataclass(frozen=True)
class Add:
    """Add a stroke drawn by hand, as a polyline."""

    points: tuple[tuple[float, float], ...]
    settle: bool


@dataclass(frozen=True)
class Style:
    """Give strokes a width, a colour, or both."""

    ids: tuple[int, ...]
    width: float | None
    color: tuple[float, float, float] | None


@dataclass(frozen=True)
class Region:
    """A box in canvas units (left, top, right, bottom), and how many strokes it gets."""

    box: tuple[float, float, float, float]
    strokes: int


@dataclass(frozen=True)
class Regions:
    """A budget of strokes by region."""

    regions: tuple[Region, ...]


@dataclass(frozen=True)
class Prompt:
    """Draw what a text describes; an empty one draws the photo again."""

    text: str


@dataclass(frozen=True)
class Wall:
    """Draw so many small drawings with other seeds."""

    count: int


@dataclass(frozen=True)
class Pick:
    """Take the drawing of a seed."""

    seed: int


@dataclass(frozen=True)
class Enough:
    """How many strokes show such a share of what all show?"""

    share: float


Message = (
    UseSample | Draw | Plain | Lock | Delete | Redraw | Edit | Add | Style | Regions | Prompt | Wall | Pick | Enough
)


def parse(text: str) -> Message:
    """The message of a text.

    Raises:
        InputError: it is too long, no JSON object, no message of the protocol, or a value of it is out of range.
    """
    if len(text) > MOST_CHARACTERS:
        raise taureau.InputError(f"a message has at most {MOST_CHARACTERS} characters, got {len(text)}")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise taureau.InputError("a message must be JSON; reload the page") from error
    if not isinstance(value, dict):
        raise taureau.InputError("a message must be a JSON object; reload the page")
    what = value.get("do")
    read = _READERS.get(what) if isinstance(what, str) else None
    if read is None:
        raise taureau.InputError(f"there is nothing to do that is called {_short(what)}; reload the page")
    return read(value)


def about_of(text: str) -> str:
    """What a text that `parse` refused was about, as far as can be told."""
    try:
        what = json.loads(text[:MOST_CHARACTERS])["do"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return "message"
    return what if isinstance(what, str) and what in _READERS else "message"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _text(message: Mapping[str, Any], name: str, most: int) -> str:
    value = message.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise taureau.InputError(f"{name} must be a text of at most {most} characters, got {_short(value)}")
    return value


def _flag(message: Mapping[str, Any], name: str, default: bool | None = None) -> bool:
    value = message.get(name, default)
    if not isinstance(value, bool):
        raise taureau.InputError(f"{name} must be true or false, got {_short(value)}")
    return value


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise taureau.InputError(f"{name} must be a whole number from {low} to {high}, got {_short(value)}")
    return value


def _number(name: str, value: object, low: float, high: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # type: ignore[operator]  # NaN is not in range either
        raise taureau.InputError(f"{name} must be a number from {low:g} to {high:g}, got {_short(value)}")
    return float(value)  # type: ignore[arg-type]


def _many(message: Mapping[str, Any], name: str, least: int, most: int) -> list[Any]:
    value = message.get(name)
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise taureau.InputError(f"{name} must be a list of {least} to {most}, got {_short(value)}")
    return value


def _ids(message: Mapping[str, Any]) -> tuple[int, ...]:
    values = _many(message, "strokes", 1, MOST_IDS)
    return tuple(dict.fromkeys(_whole("the number of a stroke", value, 1, 2**31) for value in values))


def _point(value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise taureau.InputError(f"a point must be two numbers, got {_short(value)}")
    return _number("x", value[0], -FAR, FAR), _number("y", value[1], -FAR, FAR)


def checked_settings(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings that a page may change, by name; `taureau.Settings` checks what is left to check.

    Raises:
        InputError: another setting, or a value that a page may not ask for.
    """
    strange = [name for name in settings if name not in SETTINGS]
    if strange:
        raise taureau.InputError(
            f"the studio has no setting {_short(strange[0])}; the settings are {', '.join(SETTINGS)}"
        )
    for name, most in (("strokes", MOST_STROKES), ("steps", MOST_STEPS)):
        if name in settings:
            _whole(name, settings[name], 1, most)
    if settings.get("mask", "auto") not in ("auto", "none"):
        raise taureau.InputError(
            f"mask must be auto or none, got {_short(settings['mask'])}; paint the subject instead"
        )
    return settings


def _draw(message: Mapping[str, Any]) -> Draw:
    settings = message.get("settings", {})
    if not isinstance(settings, dict):
        raise taureau.InputError(f"settings must be an object, got {_short(settings)}")
    return Draw(checked_settings(settings))


def _style(message: Mapping[str, Any]) -> Style:
    width, color = message.get("width"), message.get("color")
    found = color_of(color) if isinstance(color, str) else None
    if color is not None and found is None:
        raise taureau.InputError(f"color must be as #aa3311, got {_short(color)}")
    if width is None and found is None:
        raise taureau.InputError("a style has a width, a color, or both; got neither")
    return Style(_ids(message), None if width is None else _number("width", width, 0.1, 64), found)


def _region(value: object) -> Region:
    if not isinstance(value, dict):
        raise taureau.InputError(f"a region must be an object, got {_short(value)}")
    left, top, right, bottom = (_number("a side of a region", each, -FAR, FAR) for each in _many(value, "box", 4, 4))
    if not (left < right and top < bottom):
        raise taureau.InputError("a region must be left, top, right, bottom, with left < right and top < bottom")
    return Region((left, top, right, bottom), _whole("strokes", value.get("strokes"), 1, MOST_STROKES))


def _edit(message: Mapping[str, Any]) -> Edit:
    points = tuple(_number("a coordinate", each, -FAR, FAR) for each in _many(message, "points", 8, 8))
    number = _whole("the number of a stroke", message.get("stroke"), 1, 2**31)
    return Edit(number, points, _flag(message, "settle", True))


def _add(message: Mapping[str, Any]) -> Add:
    points = tuple(_point(each) for each in _many(message, "points", 2, MOST_POINTS))
    if not any(math.dist(points[0], each) > 0 for each in points):
        raise taureau.InputError("a stroke must be longer than a dot; draw a line")
    return Add(points, _flag(message, "settle", True))


def _plain(message: Mapping[str, Any]) -> Plain:
    return Plain(message["do"])


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Message]] = {
    "sample": lambda message: UseSample(_text(message, "name", 80)),
    "draw": _draw,
    "pause": _plain,
    "go": _plain,
    "stop": _plain,
    "undo": _plain,
    "redo": _plain,
    "lock": lambda message: Lock(_ids(message), _flag(message, "locked")),
    "delete": lambda message: Delete(_ids(message)),
    "redraw": lambda message: Redraw(None if message.get("strokes") is None else _ids(message)),
    "edit": _edit,
    "add": _add,
    "style": _style,
    "regions": lambda message: Regions(tuple(_region(each) for each in _many(message, "regions", 1, MOST_REGIONS))),
    "prompt": lambda message: Prompt(_text(message, "text", MOST_PROMPT).strip()),
    "wall": lambda message: Wall(_whole("count", message.get("count", 6), 1, MOST_WALL)),
    "pick": lambda message: Pick(_whole("seed", message.get("seed"), 0, 2**63 - 1)),
    "enough": lambda message: Enough(_number("share", message.get("share", 0.85), 0, 1)),
}
