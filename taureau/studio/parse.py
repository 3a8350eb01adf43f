"""Parse: what a page says over its socket, checked here and nowhere else.

What is not a message of this protocol is refused with an `InputError` that says why.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import taureau
from taureau.studio.marks import color_of
from taureau.studio.messages import (
    FAR,
    MOST_CHARACTERS,
    MOST_IDS,
    MOST_POINTS,
    MOST_PROMPT,
    MOST_REGIONS,
    MOST_STEPS,
    MOST_STROKES,
    MOST_WALL,
    SETTINGS,
    Add,
    Delete,
    Draw,
    Edit,
    Enough,
    Lock,
    Message,
    Pick,
    Plain,
    Redraw,
    Region,
    Regions,
    Style,
    UseSample,
    Wall,
)
from taureau.studio.values import checked_flag, checked_list, checked_number, checked_text, checked_whole, shortened


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
        raise taureau.InputError(f"there is nothing to do that is called {shortened(what)}; reload the page")
    return read(value)


def about_of(text: str) -> str:
    """What a text that `parse` refused was about, as far as can be told."""
    try:
        what = json.loads(text[:MOST_CHARACTERS])["do"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return "message"
    return what if isinstance(what, str) and what in _READERS else "message"


def _ids(message: Mapping[str, Any]) -> tuple[int, ...]:
    values = checked_list(message, "strokes", 1, MOST_IDS)
    return tuple(dict.fromkeys(checked_whole("the number of a stroke", value, 1, 2**31) for value in values))


def _point(value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise taureau.InputError(f"a point must be two numbers, got {shortened(value)}")
    return checked_number("x", value[0], -FAR, FAR), checked_number("y", value[1], -FAR, FAR)


def checked_settings(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings that a page may change, by name; `taureau.Settings` checks what is left to check.

    Raises:
        InputError: another setting, or a value that a page may not ask for.
    """
    strange = [name for name in settings if name not in SETTINGS]
    if strange:
        raise taureau.InputError(
            f"the studio has no setting {shortened(strange[0])}; the settings are {', '.join(SETTINGS)}"
        )
    for name, most in (("strokes", MOST_STROKES), ("steps", MOST_STEPS)):
        if name in settings:
            checked_whole(name, settings[name], 1, most)
    if settings.get("mask", "auto") not in ("auto", "none"):
        raise taureau.InputError(
            f"mask must be auto or none, got {shortened(settings['mask'])}; paint the subject instead"
        )
    return settings


def _draw(message: Mapping[str, Any]) -> Draw:
    settings = message.get("settings", {})
    if not isinstance(settings, dict):
        raise taureau.InputError(f"settings must be an object, got {shortened(settings)}")
    prompt = None if message.get("prompt") is None else checked_text(message, "prompt", MOST_PROMPT).strip()
    return Draw(checked_settings(settings), prompt)


def _style(message: Mapping[str, Any]) -> Style:
    width, color = message.get("width"), message.get("color")
    found = color_of(color) if isinstance(color, str) else None
    if color is not None and found is None:
        raise taureau.InputError(f"color must be as #aa3311, got {shortened(color)}")
    if width is None and found is None:
        raise taureau.InputError("a style has a width, a color, or both; got neither")
    return Style(_ids(message), None if width is None else checked_number("width", width, 0.1, 64), found)


def checked_region(box: object, strokes: object) -> Region:
    """A box in canvas units, and how many strokes it gets.

    Raises:
        InputError: no four sides in order, or no number of strokes.
    """
    sides = checked_list({"box": box}, "box", 4, 4)
    left, top, right, bottom = (checked_number("a side of a region", each, -FAR, FAR) for each in sides)
    if not (left < right and top < bottom):
        raise taureau.InputError("a region must be left, top, right, bottom, with left < right and top < bottom")
    return Region((left, top, right, bottom), checked_whole("strokes", strokes, 1, MOST_STROKES))


def _regions(message: Mapping[str, Any]) -> Regions:
    found = checked_list(message, "regions", 0, MOST_REGIONS)
    wrong = [each for each in found if not isinstance(each, dict)]
    if wrong:
        raise taureau.InputError(f"a region must be an object, got {shortened(wrong[0])}")
    return Regions(tuple(checked_region(each.get("box"), each.get("strokes")) for each in found))


def _edit(message: Mapping[str, Any]) -> Edit:
    points = tuple(checked_number("a coordinate", each, -FAR, FAR) for each in checked_list(message, "points", 8, 8))
    number = checked_whole("the number of a stroke", message.get("stroke"), 1, 2**31)
    return Edit(number, points, checked_flag(message, "settle", True))


def _add(message: Mapping[str, Any]) -> Add:
    points = tuple(_point(each) for each in checked_list(message, "points", 2, MOST_POINTS))
    if not any(math.dist(points[0], each) > 0 for each in points):
        raise taureau.InputError("a stroke must be longer than a dot; draw a line")
    return Add(points, checked_flag(message, "settle", True))


def _plain(message: Mapping[str, Any]) -> Plain:
    return Plain(message["do"])


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Message]] = {
    "sample": lambda message: UseSample(checked_text(message, "name", 80)),
    "draw": _draw,
    "pause": _plain,
    "go": _plain,
    "stop": _plain,
    "undo": _plain,
    "redo": _plain,
    "lock": lambda message: Lock(_ids(message), checked_flag(message, "locked")),
    "delete": lambda message: Delete(_ids(message)),
    "redraw": lambda message: Redraw(None if message.get("strokes") is None else _ids(message)),
    "edit": _edit,
    "add": _add,
    "style": _style,
    "regions": _regions,
    "wall": lambda message: Wall(checked_whole("count", message.get("count", 6), 1, MOST_WALL)),
    "pick": lambda message: Pick(checked_whole("seed", message.get("seed"), 0, 2**63 - 1)),
    "enough": lambda message: Enough(checked_number("share", message.get("share", 0.85), 0, 1)),
}
