"""The sheet: what the pens draw on a page, line by line, and how long they take.

`lay_out` makes one of sketches; its methods merge, drop and order lines; `save_sheet` writes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import taureau
from taureau.export.curves import Curves, length, straight
from taureau.export.order import merged, shortest, travel
from taureau.export.page import Page, length_mm
from taureau.export.profile import Profile

ORDERS = ("drawn", "shortest", "importance")
MARK_MM = 5.0


@dataclass(frozen=True)
class Layer:
    """What one pen draws.

    Args:
        name: such as `2 firebrick #b32a20`; plotter programs read the number.
        color: `#rrggbb`.
        width_mm: of the pen.
        lines: each `[curves 4]` in millimetres from the top-left corner of the page, in drawing order.
    """

    name: str
    color: str
    width_mm: float
    lines: tuple[Curves, ...]


@dataclass(frozen=True)
class Statistics:
    """What a sheet takes to draw.

    Args:
        drawn_mm: the length of all lines.
        travel_mm: the way of the raised pen from line to line, without those from and to where it rests.
        lifts: how often the pen is raised.
        pens: how many there are.
        minutes: at the speeds of a profile, without changes of pens.
    """

    drawn_mm: float
    travel_mm: float
    lifts: int
    pens: int
    minutes: float


@dataclass(frozen=True)
class Sheet:
    """Lines on a page, one layer a pen.

    Args:
        page: the paper.
        layers: in drawing order; at least one, and each has a line.
        title: what it shows.
        record: how the sketch was made; empty for several.
        is_ranked: whether the lines of each pen lie in order of importance, as those of levels do.
    """

    page: Page
    layers: tuple[Layer, ...]
    title: str = "sketch"
    record: dict[str, Any] = field(default_factory=dict)
    is_ranked: bool = False

    @property
    def lines(self) -> list[Curves]:
        """The lines of all pens, in drawing order."""
        return [line for layer in self.layers for line in layer.lines]

    def merged(self, tolerance: str | float) -> "Sheet":
        """With lines joined where their ends are nearer than the tolerance.

        Raises:
            InputError: the tolerance is no length.
        """
        tolerance_mm = length_mm(tolerance, name="the distance of ends to merge")
        return self._with_lines(lambda lines: merged(lines, tolerance_mm)) if tolerance_mm > 0 else self

    def without_short(self, shortest: str | float) -> "Sheet":
        """Without lines that are shorter than a length, and without pens that have none left.

        Raises:
            InputError: no line is left, or it is no length.
        """
        shortest_mm = length_mm(shortest, name="the minimum length")
        sheet = self._with_lines(lambda lines: [line for line in lines if length(line) >= shortest_mm])
        if not sheet.layers:
            longest = max(length(line) for line in self.lines)
            raise taureau.InputError(
                f"no line is as long as {shortest_mm:g} mm, the longest has {longest:.2f} mm; use a smaller minimum"
            )
        return sheet

    def in_order(self, order: str) -> "Sheet":
        """With the lines of each pen in another order.

        Args:
            order: `drawn`, as they are; `shortest`, for the least travel of the raised pen; or `importance`, so that a
                plot that ends early shows most: by rank, where the strokes have one, as those of levels do, and else
                the longest first.

        Raises:
            InputError: there is no such order.
        """
        if order not in ORDERS:
            raise taureau.InputError(f"there is no order {order!r}; use one of {', '.join(ORDERS)}")
        if order == "shortest":
            return replace(self._with_lines(shortest), is_ranked=False)
        if order == "importance" and not self.is_ranked:
            return self._with_lines(lambda lines: sorted(lines, key=length, reverse=True))
        return self

    def with_marks(self) -> "Sheet":
        """With a cross at each corner of the margin, drawn by every pen: where they meet, the pens are in register."""
        left, top, right, bottom = self.page.inside
        half = min(MARK_MM, right - left, bottom - top) / 2
        middles = [complex(x, y) for y in (top + half, bottom - half) for x in (left + half, right - half)]
        marks = [straight(middle - arm, middle + arm)[None] for middle in middles for arm in (half, 1j * half)]
        return self._with_lines(lambda lines: [*marks, *lines])

    def statistics(self, profile: Profile | None = None) -> Statistics:
        """What it takes to draw, at the speeds of a profile; those of `servo` unless another is given."""
        profile = Profile.load("servo") if profile is None else profile
        lines = self.lines
        drawn, up = sum(map(length, lines)), travel(lines)
        minutes = drawn / profile.draw_speed + up / profile.travel_speed + len(lines) * profile.lift_seconds / 60
        return Statistics(drawn, up, len(lines), len(self.layers), minutes)

    def _with_lines(self, change: Callable[[Sequence[Curves]], Sequence[Curves]]) -> "Sheet":
        layers = [replace(layer, lines=tuple(change(layer.lines))) for layer in self.layers]
        return replace(self, layers=tuple(layer for layer in layers if layer.lines))
