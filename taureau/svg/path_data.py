"""The `d` attribute of a path: reads the cubic curves of M, m, C, c, S and s, and refuses anything else by name."""

import re
from collections.abc import Iterator

from taureau.svg.refused import Refused, quoted
from taureau.svg.transform import Point

_TOKEN = re.compile(r"[\s,]*(?:([A-Za-z])|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(\S))", re.ASCII)
_NO_COMMAND = ("n", "N", "i", "I")  # how NaN and infinity begin
_NUM_NUMBERS = {"m": 2, "c": 6, "s": 4}
_STEP = "use only M, C and S in its paths"

Curve = tuple[Point, Point, Point, Point]


def parse_path(data: str) -> Iterator[Curve]:
    """The curves of a path in its own coordinates, several if it has several.

    Raises:
        Refused: a command that is no cubic curve, numbers that are missing or not finite.
    """
    here: Point = (0.0, 0.0)
    handle: Point | None = None  # the last control point of the curve before, which S reflects
    for command, numbers in _commands(data):
        dx, dy = here if command.islower() else (0.0, 0.0)
        points = [(x + dx, y + dy) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        if command in "Mm":
            here, handle = points[0], None
            continue
        if command in "Ss":
            points.insert(0, here if handle is None else (2 * here[0] - handle[0], 2 * here[1] - handle[1]))
        yield here, points[0], points[1], points[2]
        here, handle = points[2], points[1]


def _commands(data: str) -> Iterator[tuple[str, list[float]]]:
    """Each command with its numbers; a letter holds for all numbers until the next letter, as in SVG."""
    command = ""
    numbers: list[float] = []
    complete = True  # whether the last letter has had its numbers
    for match in _TOKEN.finditer(data):
        letter, number, odd = match.groups()
        if odd or letter in _NO_COMMAND:
            raise _odd_one(data[match.start() :])
        if letter:
            if numbers or not complete:
                raise Refused(f"path command {command} lacks numbers", _STEP)
            if letter not in "MmCcSs":
                raise Refused(f"path command {letter} is not a cubic curve", _STEP)
            if not command and letter not in "Mm":
                raise Refused(f"path must begin with M, got {letter}", _STEP)
            command, complete = letter, False
            continue
        if not command:
            raise Refused(f"path must begin with M, got {quoted(data)}", _STEP)
        if command in "Mm" and complete:
            raise Refused("path has a straight line after M, which is not a cubic curve", _STEP)
        numbers.append(float(number))
        if len(numbers) == _NUM_NUMBERS[command.lower()]:
            yield command, numbers
            numbers, complete = [], True
    if numbers or not complete:
        raise Refused(f"path command {command} lacks numbers", _STEP)


def _odd_one(rest: str) -> Refused:
    rest = rest.lstrip(" \t\r\n,")
    if rest[:4].lstrip("+-").lower().startswith(("nan", "inf")):
        return Refused(f"coordinates must be finite numbers, got {quoted(rest)}", _STEP)
    return Refused(f"path data is malformed at {quoted(rest)}", _STEP)
