"""Marks: the strokes of a session, each with a number that it keeps, and whether it is locked.

They are plain values, so that a history of them is a list. The engine's `Strokes` are made of them, and come back.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

import taureau

_COLOR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
BLACK = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Mark:
    """One stroke.

    Args:
        id: its number, which no other stroke of the session ever had.
        points: x and y of its four control points, in canvas units.
        width: full width in canvas units.
        color: red, green, blue in 0..1; None for plain black ink.
        locked: whether it stays as it is when others are drawn anew.
    """

    id: int
    points: tuple[float, ...]
    width: float
    color: tuple[float, float, float] | None = None
    locked: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As the page gets it."""
        return {
            "id": self.id,
            "points": [round(value, 3) for value in self.points],
            "width": round(self.width, 3),
            "color": color_text(self.color or BLACK),
            "locked": self.locked,
        }


def color_text(color: Sequence[float]) -> str:
    """A colour as #rrggbb."""
    return "#" + "".join(f"{round(value * 255):02x}" for value in color)


def color_of(text: str) -> tuple[float, float, float] | None:
    """The colour of a #rrggbb; None for any other text."""
    if not _COLOR.fullmatch(text):
        return None
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def strokes_of(marks: Sequence[Mark]) -> "taureau.Strokes":
    """The engine's strokes of some marks, at least one; without colours where none has one."""
    points = torch.tensor([mark.points for mark in marks], dtype=torch.float32).reshape(-1, 4, 2)
    width = torch.tensor([mark.width for mark in marks], dtype=torch.float32)
    if all(mark.color is None for mark in marks):
        return taureau.Strokes(points, width)
    return taureau.Strokes(points, width, torch.tensor([mark.color or BLACK for mark in marks], dtype=torch.float32))


def marks_of(strokes: "taureau.Strokes", like: Sequence[Mark]) -> tuple[Mark, ...]:
    """Marks of the engine's strokes.

    Args:
        strokes: of one sketch.
        like: a mark for each stroke, whose number and lock it keeps.
    """
    numbers = strokes.points.detach().flatten(-2).tolist()
    widths = strokes.width.detach().tolist()
    colors = [None] * len(widths) if strokes.color is None else [(r, g, b) for r, g, b in strokes.color.tolist()]
    return tuple(
        replace(mark, points=tuple(points), width=width, color=color)
        for mark, points, width, color in zip(like, numbers, widths, colors, strict=True)
    )


def frame_of(strokes: "taureau.Strokes", ids: Iterable[int]) -> list[list[Any]]:
    """Strokes as a frame has them: id, eight numbers, width."""
    numbers = strokes.points.detach().flatten(-2).tolist()
    widths = strokes.width.detach().tolist()
    return [
        [id, [round(value, 2) for value in points], round(width, 2)]
        for id, points, width in zip(ids, numbers, widths, strict=True)
    ]
