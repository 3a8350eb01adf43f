"""Export options: the options of `taureau export` that an address may give, each read from its text."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import taureau

MOST_LETTERS = 40
"""Of a value."""


def read_options(texts: Mapping[str, str]) -> dict[str, Any]:
    """The values of options by their names.

    Args:
        texts: as an address gives them; `check_names` knows each.

    Raises:
        InputError: a text that cannot be read.
    """
    return {name: _READERS[name](name, text) for name, text in texts.items()}


def check_names(texts: Mapping[str, str]) -> None:
    """Refuse options that do not exist, and texts that are too long to be any.

    Raises:
        InputError: there is one.
    """
    for name, text in texts.items():
        if name not in _READERS:
            raise taureau.InputError(f"there is no option {shortened(name)}; see 'taureau export --help'")
        if len(text) > MOST_LETTERS:
            raise taureau.InputError(f"{name} is longer than {MOST_LETTERS} letters; give a shorter one")


def shortened(text: str) -> str:
    """A text as an error quotes it."""
    return repr(text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…")


def _text(_name: str, text: str) -> str:
    return text


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise taureau.InputError(f"{name} must be a whole number, got {shortened(text)}") from error


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise taureau.InputError(f"{name} must be a number, got {shortened(text)}")
    return value


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false", "1", "0", ""):
        raise taureau.InputError(f"{name} must be true or false, got {shortened(text)}")
    return text in ("true", "1")


def _one_of(*choices: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text not in choices:
            raise taureau.InputError(f"{name} must be {', '.join(choices)}, got {shortened(text)}")
        return text

    return read


_READERS: dict[str, Callable[[str, str], Any]] = {
    "strokes": _whole,
    "size": _whole,
    # Pages
    "page": _text,
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
    "profile": _one_of("servo", "z", "laser"),  # a name, never a file
    "device": _text,
    "speed": _number,
    # Animations and brushes
    "animate": _number,
    "hold": _number,
    "photo": _flag,  # the photo of the session, never a file
    "background": _text,
    "brush": _one_of("ink", "pencil"),
    "seed": _whole,
}
