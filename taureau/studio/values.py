"""Values of messages, each checked: what is of another kind or out of range is refused by name."""

from collections.abc import Mapping
from typing import Any

import taureau


def shortened(value: object) -> str:
    """A value as errors show it."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def checked_text(message: Mapping[str, Any], name: str, most: int) -> str:
    """A text of a message."""
    value = message.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise taureau.InputError(f"{name} must be a text of at most {most} characters, got {shortened(value)}")
    return value


def checked_flag(message: Mapping[str, Any], name: str, default: bool | None = None) -> bool:
    """A flag of a message; `default` where it is missing."""
    value = message.get(name, default)
    if not isinstance(value, bool):
        raise taureau.InputError(f"{name} must be true or false, got {shortened(value)}")
    return value


def checked_whole(name: str, value: object, low: int, high: int) -> int:
    """A whole number in range."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise taureau.InputError(f"{name} must be a whole number from {low} to {high}, got {shortened(value)}")
    return value


def checked_number(name: str, value: object, low: float, high: float) -> float:
    """A number in range; NaN is in none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # type: ignore[operator]
        raise taureau.InputError(f"{name} must be a number from {low:g} to {high:g}, got {shortened(value)}")
    return float(value)  # type: ignore[arg-type]


def checked_list(message: Mapping[str, Any], name: str, least: int, most: int) -> list[Any]:
    """A list of a message, of a length in range."""
    value = message.get(name)
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise taureau.InputError(f"{name} must be a list of {least} to {most}, got {shortened(value)}")
    return value
