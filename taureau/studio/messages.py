"""Messages: what a page may say over its socket, each as a frozen dataclass; `parse` makes and checks them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    """Begin anew; `settings` are checked when they become `Settings`.

    Args:
        settings: those that change.
        prompt: a text to draw what it describes; an empty one to draw the photo; None for as before.
    """

    settings: Mapping[str, Any]
    prompt: str | None = None


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
    """A budget of strokes by region; no region for none."""

    regions: tuple[Region, ...]


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


Message = UseSample | Draw | Plain | Lock | Delete | Redraw | Edit | Add | Style | Regions | Wall | Pick | Enough
